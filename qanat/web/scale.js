/** Scales of axes: from values to pixels, their ticks, and colours for values. */

/** From values to pixels, along a line or a logarithm. */
export class Scale {
  /**
   * @param {[number, number]} extent
   * @param {[number, number]} pixels
   * @param {boolean} [isLog] only for positive values
   */
  constructor(extent, pixels, isLog = false) {
    this.isLog = isLog && extent[0] > 0;
    this.extent = extent;
    this.pixels = pixels;
    this.low = this.inner(extent[0]);
    this.high = this.inner(extent[1]);
    // Half of it: all of it may be more than a number can be.
    this.half = this.high / 2 - this.low / 2 || 0.5;
  }

  /** @param {number} value */
  inner(value) {
    return this.isLog ? Math.log10(value) : value;
  }

  /** @param {number} value */
  at(value) {
    const [from, to] = this.pixels;
    return from + ((this.inner(value) / 2 - this.low / 2) / this.half) * (to - from);
  }

  /** @param {number} pixel */
  valueAt(pixel) {
    const [from, to] = this.pixels;
    const share = (pixel - from) / (to - from);
    const inner = this.low * (1 - share) + this.high * share;
    return this.isLog ? 10 ** inner : inner;
  }

  /**
   * Return about as many round values as wanted.
   * @param {number} wanted
   */
  ticks(wanted) {
    const [low, high] = this.extent[0] < this.extent[1] ? this.extent : [this.extent[1], this.extent[0]];
    if (low === high) return [low];
    return this.isLog ? logTicks(low, high, wanted) : linearTicks(low, high, wanted);
  }
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} wanted
 */
function linearTicks(low, high, wanted) {
  const rough = high / wanted - low / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  if (!power) return [low, high]; // between the least numbers there are
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

const ROUND_SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400];

/**
 * Return about as many round durations as wanted.
 * @param {number} low
 * @param {number} high
 * @param {number} wanted
 */
export function durationTicks(low, high, wanted) {
  const step = ROUND_SECONDS.find((seconds) => (high - low) / seconds <= wanted);
  if (!step || high - low < wanted) return linearTicks(low, high, wanted);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, place) => (first + place) * step);
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} wanted
 */
function logTicks(low, high, wanted) {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const powers = Array.from({ length: last - first + 1 }, (_, place) => first + place);
  const inside = (/** @type {number[]} */ factors) => powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const tens = inside([1]);
  if (tens.length < 2) return inside([1, 2, 5]).length < 2 ? linearTicks(low, high, wanted) : inside([1, 2, 5]);
  const each = Math.ceil(tens.length / wanted);
  return tens.filter((_, place) => place % each === 0);
}

/**
 * Return the least and the greatest of values; null if there are none.
 * @param {number[]} values
 * @returns {[number, number] | null}
 */
export function extentOf(values) {
  const finite = values.filter(Number.isFinite);
  if (!finite.length) return null;
  return [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
}

/**
 * Return an extent with some room at both ends.
 * @param {[number, number]} extent
 * @param {boolean} isLog
 * @returns {[number, number]}
 */
export function roomy([low, high], isLog) {
  if (isLog && low > 0) {
    const room = low === high ? 2 : (high / low) ** 0.04;
    return [low / room, high * room];
  }
  const room = low === high ? Math.abs(low) * 0.1 || 1 : high * 0.05 - low * 0.05;
  return [Math.max(-Number.MAX_VALUE, low - room), Math.min(Number.MAX_VALUE, high + room)];
}

/**
 * Return whether positive values span a hundredfold, so that a logarithmic axis shows them better.
 * @param {number[]} values
 */
export function isWide(values) {
  const extent = extentOf(values);
  return extent !== null && extent[0] > 0 && extent[1] / extent[0] >= 100;
}

const VIRIDIS = ['440154', '482878', '3e4a89', '31688e', '26828e', '1f9e89', '35b779', '6ece58', 'b5de2b', 'fde725'];

/**
 * Return a colour of viridis; 1 is the darkest on white, and the brightest on black.
 * @param {number} share from 0 to 1
 */
export function viridis(share) {
  const isDark = document.documentElement.dataset.theme === 'dark';
  const kept = Math.max(0, Math.min(1, share));
  const place = (isDark ? 0.18 + 0.8 * kept : 0.9 - 0.85 * kept) * (VIRIDIS.length - 1);
  const first = Math.min(VIRIDIS.length - 2, Math.floor(place));
  const mixed = [0, 2, 4].map((at) => {
    const [a, b] = [VIRIDIS[first], VIRIDIS[first + 1]].map((hex) => parseInt(hex.slice(at, at + 2), 16));
    return Math.round(a + (b - a) * (place - first));
  });
  return `rgb(${mixed.join(' ')})`;
}

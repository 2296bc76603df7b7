/** Repeated measurements: their mean and deviation, and how these are written, as in qanat/domain/statistics.py. */

/** @typedef {{mean: number, deviation: number | null, count: number}} Statistic */

const POWER_SMALL = -4;
const POWER_LARGE = 6;
const DIGITS_MAX = 15;
/** Digits after those shown, by which an exact tie is told from what is only near one. */
const BEYOND = 30;
const DECIMALS_MAX = 100;

/**
 * Return the mean and the deviation of the sample, with n - 1, of at least one value.
 * @param {number[]} values
 * @returns {Statistic}
 */
export function statistic(values) {
  if (values.length === 1) return { mean: values[0], deviation: null, count: 1 };
  const mean = meanOf(values);
  const deviation = Number.isFinite(mean) ? norm(values.map((value) => value - mean)) / Math.sqrt(values.length - 1) : NaN;
  return { mean, deviation, count: values.length };
}

/**
 * Return the mean: infinite if a value is, NaN if infinities of both signs are.
 * @param {number[]} values
 */
function meanOf(values) {
  // Measured from the first value, equal values have exactly that mean and no deviation.
  const mean = values[0] + sumOf(values.map((value) => value - values[0])) / values.length;
  return Number.isFinite(mean) ? mean : values.reduce((sum, value) => sum + value / values.length, 0);
}

/**
 * Return a sum, with what each addition loses added at the end.
 * @param {number[]} values
 */
function sumOf(values) {
  let [sum, lost] = [0, 0];
  for (const value of values) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

/**
 * Return the root of the sum of squares, which may themselves be too large or too small for a number.
 * @param {number[]} values
 */
function norm(values) {
  const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return most > 0 ? most * Math.sqrt(sumOf(values.map((value) => (value / most) ** 2))) : most;
}

/**
 * Return `0.5752 ± 0.0018`, with two significant digits of the deviation, or only the mean if that is 0.
 * @param {Statistic} found
 */
export function statisticText({ mean, deviation }) {
  if (!deviation || !Number.isFinite(mean) || !Number.isFinite(deviation)) return general(mean, 6);
  const last = exponent(deviation, 2) - 1;
  const first = Math.max(...[[mean, 6], [deviation, 6]].filter(([value]) => value).map(([value, digits]) => exponent(value, digits)));
  if (first - last >= DIGITS_MAX) return `${general(mean, 6)} ± ${general(deviation, 2)}`;
  if (first >= POWER_SMALL && first < POWER_LARGE) return `${toDigit(mean, last)} ± ${toDigit(deviation, last)}`;
  return `(${scaled(mean, first, last)} ± ${scaled(deviation, first, last)})e${powerText(first)}`;
}

/**
 * Return a number as Python's format "g" does with so many digits.
 * @param {number} value
 * @param {number} digits
 */
export function general(value, digits) {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (!value) return Object.is(value, -0) ? '-0' : '0';
  const power = exponent(value, digits);
  const stripped = (/** @type {string} */ text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (power >= POWER_SMALL && power < digits) return stripped(rounded(value, digits - 1 - power));
  return `${stripped(value.toExponential(digits - 1).split('e')[0])}e${powerText(power)}`;
}

/** @param {number} power */
function powerText(power) {
  return `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/**
 * Return the power of ten of the first digit of a value that is rounded to so many digits.
 * @param {number} value
 * @param {number} digits
 */
function exponent(value, digits) {
  return Number(value.toExponential(digits - 1).split('e')[1]);
}

/**
 * Return a value rounded to the digit of this power of ten.
 * @param {number} value
 * @param {number} power
 */
function toDigit(value, power) {
  if (power <= 0) return rounded(value, -power);
  const unit = 10 ** power;
  const whole = Math.round(value / unit);
  const isTie = Math.abs(value / unit - Math.trunc(value / unit)) === 0.5;
  const even = isTie ? 2 * Math.round(value / unit / 2) : whole;
  return String(even * unit + 0);
}

/**
 * Return a value in units of ten to the power `first`, with the digits down to the power `last`.
 * @param {number} value
 * @param {number} first
 * @param {number} last
 */
function scaled(value, first, last) {
  const [digits, power] = value.toExponential(DIGITS_MAX + 1).split('e');
  return rounded(Number(`${digits}e${Number(power) - first}`), first - last);
}

/**
 * Return a value with so many decimals, a tie rounded to the even digit as in Python, and no minus before a zero.
 * @param {number} value
 * @param {number} decimals
 */
function rounded(value, decimals) {
  const size = Math.abs(value);
  const more = size.toFixed(Math.min(DECIMALS_MAX, decimals + BEYOND));
  const cut = more.slice(0, more.indexOf('.') + (decimals ? decimals + 1 : 0));
  const isTie = /^50*$/.test(more.slice(more.indexOf('.') + 1 + decimals));
  const text = isTie && Number(cut[cut.length - 1]) % 2 === 0 ? cut : size.toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `-${text}` : text;
}

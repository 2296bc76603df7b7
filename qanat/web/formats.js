/** Numbers, durations and times as people read them. */

const SMALL = 1e-4;
const LARGE = 1e6;
const DIGITS = 4;
const WIDE = 100;
/** Of more values, some are always alike. */
const TOLD_APART_MAX = 1000;

/**
 * Return a number with a real minus sign.
 * @param {string} text
 */
export function withMinus(text) {
  return text.replace('e+', 'e').replaceAll('-', '\u2212');
}

/**
 * Return how a column writes its numbers: with four significant digits, or up to six if only these tell all apart.
 *
 * They have the decimals of the greatest, so that they can be compared by eye, unless these would hide the least.
 * @param {number[]} values
 * @returns {(value: number) => string}
 */
export function writerOf(values) {
  const different = [...new Set(values.filter(Number.isFinite))];
  if (different.every(Number.isInteger)) return (value) => fixed(value, 0);
  const sizes = different.map(Math.abs).filter((size) => size > 0);
  const [least, top] = [sizes.reduce((a, b) => Math.min(a, b)), sizes.reduce((a, b) => Math.max(a, b))];
  const isEach = top / least >= WIDE || top < SMALL || top >= LARGE;
  const write = isEach ? significant : (/** @type {number} */ value, /** @type {number} */ digits) => fixed(value, decimalsFor(top, digits));
  const tellsApart = (/** @type {number} */ digits) => new Set(different.map((value) => write(value, digits))).size === different.length;
  const digits = (different.length <= TOLD_APART_MAX && [DIGITS, DIGITS + 1, DIGITS + 2].find(tellsApart)) || DIGITS;
  return (value) => write(value, digits);
}

/**
 * Return how many decimals show this many significant digits.
 * @param {number} size
 * @param {number} digits
 */
function decimalsFor(size, digits) {
  return Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
}

/**
 * Return a number with this many significant digits; whole numbers have all.
 * @param {number} value
 * @param {number} [digits]
 */
export function significant(value, digits = DIGITS) {
  if (!value || !Number.isFinite(value) || Number.isSafeInteger(value)) return fixed(value, 0);
  const size = Math.abs(value);
  if (size < SMALL || size >= LARGE) return withMinus(value.toExponential(digits - 1).replace(/\.?0+e/, 'e'));
  return withMinus(String(Number(value.toFixed(decimalsFor(size, digits)))));
}

/**
 * Return a number with this many decimals, or with an exponent where these would not show it.
 * @param {number} value
 * @param {number} decimals
 */
export function fixed(value, decimals) {
  if (!Number.isFinite(value)) return withMinus(String(value).replace('Infinity', 'inf').replace('NaN', 'nan'));
  const size = Math.abs(value);
  if (size >= LARGE && !Number.isInteger(value)) return withMinus(value.toExponential(3));
  if (size > 0 && size < 10 ** -decimals / 2) return withMinus(value.toExponential(1));
  return withMinus(value.toFixed(decimals));
}

/**
 * Return a number in few characters, as on an axis.
 * @param {number} value
 */
export function brief(value) {
  if (!Number.isFinite(value)) return fixed(value, 0);
  const size = Math.abs(value);
  if (size && (size < SMALL || size >= LARGE)) return withMinus(value.toExponential(2).replace(/\.?0+e/, 'e'));
  return withMinus(String(Number(value.toPrecision(4))));
}

/**
 * Return a duration as the terminal shows it: 0.8s, 42s, 3:07, 2:03:07, 1d 02:03:07.
 * @param {number} seconds
 */
export function shownDuration(seconds) {
  if (seconds < 9.95) return `${tenths(seconds)}s`;
  if (seconds < 59.5) return `${whole(seconds)}s`;
  const total = whole(seconds);
  const two = (/** @type {number} */ part) => String(part).padStart(2, '0');
  const [minutes, hours, days] = [Math.floor(total / 60) % 60, Math.floor(total / 3600) % 24, Math.floor(total / 86400)];
  if (days) return `${days}d ${two(hours)}:${two(minutes)}:${two(total % 60)}`;
  return hours ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/**
 * Return a number rounded to a whole one, a half to the even one as in Python.
 * @param {number} value
 */
function whole(value) {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}

/**
 * Return a number with one decimal, rounded as in Python.
 * @param {number} value
 */
function tenths(value) {
  const isTie = Number.isInteger(value * 4) && !Number.isInteger(value * 2);
  return (isTie ? whole(value * 10) / 10 : value).toFixed(1);
}

/**
 * Return a time of a record as a short date in local time.
 * @param {string} timestamp
 */
export function shownTime(timestamp) {
  const time = new Date(timestamp);
  if (Number.isNaN(time.getTime())) return timestamp;
  const two = (/** @type {number} */ part) => String(part).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/**
 * Return a count with its noun: 1 run, 2 runs.
 * @param {number} count
 * @param {string} thing
 */
export function plural(count, thing) {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`;
}

/**
 * Return a size in bytes for display.
 * @param {number} bytes
 */
export function shownSize(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${power ? (bytes / 1000 ** power).toFixed(1) : bytes} ${units[power]}`;
}

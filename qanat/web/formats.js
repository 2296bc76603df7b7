/** Numbers, durations and times as people read them. */

const SMALL = 1e-4;
const LARGE = 1e6;

/**
 * Return a number with a real minus sign.
 * @param {string} text
 */
export function withMinus(text) {
  return text.replace('e+', 'e').replaceAll('-', '\u2212');
}

/**
 * Return how many decimals a column of numbers has: four significant digits of the greatest.
 * @param {number[]} values
 */
export function decimalsOf(values) {
  const finite = values.filter(Number.isFinite).map(Math.abs);
  const top = finite.reduce((a, b) => Math.max(a, b), 0);
  if (!top || finite.every(Number.isInteger)) return 0;
  return Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(top))));
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

/** Comparing values as conditions do, like qanat/domain/condition_values.py. */
import { shownDuration } from './formats.js';

/** @typedef {(found: any) => boolean} Test */

const NUMBER_CHARACTERS_MAX = 400;
const PATTERN_CHARACTERS_MAX = 200;
const UNIT_SECONDS = { d: 86400, h: 3600, m: 60, min: 60, s: 1, ms: 0.001 };
const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?$/;
export const DATE_HINT = 'write it as 2026-11-23, 2026-11-23T05:17, 2026-11, today, yesterday or 2h ago';
export const DURATION_HINT = 'write it as 90s, 1h30m or 1:30:00';

/**
 * Return the number that a text is, exactly if it is a whole one; null if it is none.
 * @param {string} text
 * @returns {number | bigint | null}
 */
export function number(text) {
  const bare = text.trim();
  if (text.length > NUMBER_CHARACTERS_MAX) return null;
  if (/^[+-]?\d+$/.test(bare)) {
    const known = Number(bare);
    return Number.isSafeInteger(known) ? known : BigInt(bare.replace(/^\+/, ''));
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare)) return Number(bare);
  if (/^[+-]?nan$/i.test(bare)) return NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(bare);
  return infinite ? (infinite[1] === '-' ? -Infinity : Infinity) : null;
}

/**
 * Return the seconds of `90`, `90s`, `1h30m`, `3:07`, `2:03:07` or `1d 02:03:07`; null for other texts.
 * @param {string} text
 * @returns {number | null}
 */
export function duration(text) {
  const bare = text.trim();
  const clock = /^(?:(\d{1,9})d )?(\d{1,9}):(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?$/.exec(bare);
  if (clock) {
    const [, days, first, second, third] = clock;
    const parts = third ? [Number(first), Number(second), Number(third)] : [0, Number(first), Number(second)];
    return Number(days ?? 0) * 86400 + parts[0] * 3600 + parts[1] * 60 + parts[2];
  }
  const unit = /\s*(\d{1,15}(?:\.\d{1,15})?)\s*(d|h|min|ms|m|s)(?![a-z])/y;
  let total = 0;
  let place = 0;
  for (let found = unit.exec(bare); found; found = unit.exec(bare)) {
    total += Number(found[1]) * UNIT_SECONDS[/** @type {keyof UNIT_SECONDS} */ (found[2])];
    place = unit.lastIndex;
  }
  if (place && place === bare.length) return total;
  const plain = bare ? number(bare) : null;
  return plain === null ? null : Number(plain);
}

/**
 * Return the first time of a date, and the first after it, in milliseconds; null for other texts.
 *
 * A date may be a year, a month, a day, a minute or a second, `today`, `yesterday`, or `2h ago`.
 * @param {string} text
 * @param {number} now
 * @returns {[number, number] | null}
 */
export function date(text, now) {
  const bare = text.trim();
  if (bare === 'today' || bare === 'yesterday') {
    const day = new Date(now);
    const back = bare === 'yesterday' ? 1 : 0;
    return [startOf(day.getFullYear(), day.getMonth(), day.getDate() - back),
      startOf(day.getFullYear(), day.getMonth(), day.getDate() - back + 1)];
  }
  if (bare.endsWith(' ago')) {
    const ago = duration(bare.slice(0, -4));
    return ago === null ? null : [now - ago * 1000, now - ago * 1000];
  }
  const found = DATE.exec(bare);
  return found && spanOf(found);
}

/**
 * @param {RegExpExecArray} found
 * @returns {[number, number] | null}
 */
function spanOf(found) {
  const [, year, month, day, hour, minute, second, zone] = found;
  const [y, m, d] = [Number(year), Number(month ?? 1) - 1, Number(day ?? 1)];
  const start = startOf(y, m, d);
  const is = new Date(start);
  if (is.getMonth() !== m || is.getDate() !== d || y < 1) return null;
  if (hour) {
    if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) return null;
    const offset = zone && (zone.length === 3 ? `${zone}:00` : zone.replace(/^(...)(\d\d)$/, '$1:$2'));
    const exact = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second ?? '00'}${offset ?? ''}`);
    return Number.isNaN(exact) ? null : [exact, exact + (second ? 1000 : 60000)];
  }
  if (day) return [start, startOf(y, m, d + 1)];
  return [start, month ? startOf(y, m + 1, 1) : startOf(y + 1, 0, 1)];
}

/**
 * @param {number} year
 * @param {number} month
 * @param {number} day
 */
function startOf(year, month, day) {
  const start = new Date(0, 0, 1);
  start.setFullYear(year, month, day);
  return start.setHours(0, 0, 0, 0);
}

/**
 * Return whether `found operator wanted`, for `<` and the like.
 * @param {string} operator
 * @param {any} found
 * @param {any} wanted
 */
function isOrdered(operator, found, wanted) {
  if (operator === '<') return found < wanted;
  if (operator === '<=') return found <= wanted;
  return operator === '>' ? found > wanted : found >= wanted;
}

/**
 * Return a test of numbers. NaN is the same as NaN, and neither less nor greater than any.
 * @param {string} operator
 * @param {number | bigint} wanted
 * @returns {Test}
 */
export function numberTest(operator, wanted) {
  if (operator !== '=' && operator !== '!=') return (found) => isOrdered(operator, found, wanted);
  // A whole number that is too large for a float is a bigint, which only == compares with others.
  const isSame = (/** @type {any} */ found) => found == wanted || (found !== found && wanted !== wanted);
  return (found) => isSame(found) === (operator === '=');
}

/**
 * Return a test of times in milliseconds: `<` means before the date begins, and `>` after it has ended.
 * @param {string} operator
 * @param {[number, number]} span
 * @returns {Test}
 */
export function dateTest(operator, [start, end]) {
  if (operator === '=' || operator === '!=') return (found) => (start <= found && found < end) === (operator === '=');
  const limit = operator === '<' || operator === '>=' ? start : end;
  return (found) => found >= limit === (operator === '>' || operator === '>=');
}

/**
 * Return a test of durations in seconds; those that are shown alike are the same.
 * @param {string} operator
 * @param {number} wanted
 * @returns {Test}
 */
export function durationTest(operator, wanted) {
  if (operator !== '=' && operator !== '!=') return (found) => isOrdered(operator, found, wanted);
  return (found) => (shownDuration(found) === shownDuration(wanted)) === (operator === '=');
}

/**
 * Return a test of texts: the same text, or a pattern.
 * @param {string} operator
 * @param {string} wanted
 * @returns {Test}
 */
export function textTest(operator, wanted) {
  if (operator !== '~' && operator !== '!~') return (found) => (found === wanted) === (operator === '=');
  const meets = patternTest(wanted);
  return (found) => meets(found) === (operator === '~');
}

/**
 * Return a test by a pattern as for file names, or, without `*`, `?` and `[`, by a part of the text.
 * @param {string} pattern
 * @returns {Test}
 */
function patternTest(pattern) {
  if (!/[*?[]/.test(pattern) || pattern.length > PATTERN_CHARACTERS_MAX) {
    const part = pattern.toLowerCase();
    return (found) => found.toLowerCase().includes(part);
  }
  const expression = new RegExp(`^${expressionOf(pattern)}$`, 'isu');
  return (found) => expression.test(found);
}

/**
 * Return the regular expression of a pattern, as fnmatch.translate() of Python does.
 *
 * What is between two `*` is looked for once, as early as possible, and not again where the rest does not match: that
 * would take time without end. A lookahead does so, and a reference goes to where it ended.
 * @param {string} pattern
 */
function expressionOf(pattern) {
  const between = [''];
  for (const [part] of pattern.matchAll(/\*+|\?|\[!?\]?[^\]]*\]|[^]/gu)) {
    if (part.startsWith('*')) between.push('');
    else between[between.length - 1] += expressionOfOne(part);
  }
  const [first, ...others] = between;
  const last = others.pop();
  const early = others.filter(Boolean).map((part, place) => `(?=(.*?${part}))\\${place + 1}`);
  return last === undefined ? first : [first, ...early, '.*', last].join('');
}

/**
 * Return the regular expression of what stands for one character in a pattern.
 * @param {string} part
 */
function expressionOfOne(part) {
  if (part === '?') return '.';
  if (part.length < 3 || !part.startsWith('[')) return part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const [, not, inner] = /** @type {RegExpExecArray} */ (/^\[(!?)([^]*)\]$/.exec(part));
  const ranges = inner.replace(/[\\\][^&~|]/g, '\\$&').replace(/^-|-$/g, '\\-');
  return `[${not ? '^' : ''}${ranges}]`;
}

/**
 * Return a test of parameters, which are texts: as numbers if wanted is one, or else as durations, dates or texts.
 *
 * Null if `<` and the like cannot compare with wanted.
 * @param {string} operator
 * @param {string} wanted
 * @param {number} now
 * @returns {Test | null}
 */
export function valueTest(operator, wanted, now) {
  const limit = number(wanted);
  const isEqual = operator === '=' || operator === '!=';
  if (operator === '~' || operator === '!~' || (limit === null && isEqual)) return textTest(operator, wanted);
  if (limit !== null) {
    const test = numberTest(operator, limit);
    return (found) => {
      const known = number(found);
      return known === null ? operator === '!=' && found !== wanted : test(known);
    };
  }
  const seconds = duration(wanted);
  if (seconds !== null) return readAs(duration, durationTest(operator, seconds));
  const span = date(wanted, now);
  return span && readAs((text) => date(text, now)?.[0] ?? null, dateTest(operator, span));
}

/**
 * Return a test of what a text is read as; texts that are read as nothing do not meet it.
 * @param {(text: string) => number | null} read
 * @param {Test} test
 * @returns {Test}
 */
function readAs(read, test) {
  return (found) => {
    const value = read(found);
    return value !== null && test(value);
  };
}

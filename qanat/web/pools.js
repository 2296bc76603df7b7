/** Groups that are one row: those that differ only in the seed, as with `qanat compare --pool`, in qanat/domain/comparison.py. */
import { withoutDashes } from './search.js';

/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./data.js').Pool} Pool */

export const SETTINGS = 'settings';
const GUESSED = ['seed', 'random_seed', 'random-seed'];
const NUMBER = /^([+-]?)(\d{1,400})?(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,9}))?$/;

/**
 * Return rows that pool these rows of groups: with the same setting, or with the same values in columns. Runs of which
 * no group is finished are left out.
 * @param {Row[]} rows rows of groups
 * @param {Record<string, string[]>} seeds of the experiments that name them
 * @param {((row: Row) => string[])[] | null} by what rows of a pool share in place of their setting
 * @returns {Row[]}
 */
export function pooled(rows, seeds, by) {
  const done = new Set(rows.filter(hasFinished).map((row) => row.run.id));
  // The oldest run comes first, as on the command line.
  const kept = rows.filter((row) => done.has(row.run.id)).sort((a, b) => Date.parse(a.run.created) - Date.parse(b.run.created));
  /** @type {Map<string, Row[]>} */
  const found = new Map();
  for (const row of kept) {
    const { experiment, code, on } = row.run;
    const key = JSON.stringify([experiment, code, on, by ? by.map((values) => values(row).map(canonical)) : settingOf(row, seedsOf(row, seeds))]);
    const alike = found.get(key);
    if (alike) alike.push(row);
    else found.set(key, [row]);
  }
  return [...found].map(([key, alike]) => poolOf(`~${digest(key)}`, alike, seedsOf(alike[0], seeds)));
}

/**
 * Return the seeds of a row's experiment, or what is taken for seeds.
 * @param {Row} row
 * @param {Record<string, string[]>} seeds
 */
export function seedsOf(row, seeds) {
  return Object.hasOwn(seeds, row.run.experiment) ? seeds[row.run.experiment] : GUESSED;
}

/**
 * @param {string} key
 * @param {Row[]} alike
 * @param {string[]} seeds
 * @returns {Row}
 */
function poolOf(key, alike, seeds) {
  const finished = alike.filter(hasFinished);
  const samples = samplesOf(alike, seeds);
  const latest = onceEach(finished, samples);
  const counted = finished.filter((row) => latest.get(samples.get(row) ?? '') === row);
  const failed = onceEach(alike.filter((row) => !hasFinished(row)), samples);
  const unfinished = [...failed].filter(([sample]) => !latest.has(sample)).map(([, row]) => row);
  const shown = counted.length ? counted : unfinished;
  const repeated = finished.filter((row) => !counted.includes(row));
  return { key, run: shown[0].run, group: null, groups: shown.flatMap((row) => row.groups), pool: { counted, unfinished, repeated } };
}

/** @param {Row} row */
function hasFinished(row) {
  return row.groups[0].state === 'finished';
}

/**
 * Return for each sample the row that ended last.
 * @param {Row[]} rows
 * @param {Map<Row, string>} samples
 */
function onceEach(rows, samples) {
  /** @type {Map<string, Row>} */
  const latest = new Map();
  for (const row of rows) {
    const sample = samples.get(row) ?? '';
    const other = latest.get(sample);
    if (!other || endsAfter(row, other)) latest.set(sample, row);
  }
  return latest;
}

/**
 * @param {Row} row
 * @param {Row} other
 */
function endsAfter(row, other) {
  const order = [row, other].map(({ run, groups }) => [Date.parse(groups[0].ended ?? run.created), run.number, groups[0].number]);
  const place = order[0].findIndex((value, at) => value !== order[1][at]);
  return place >= 0 && order[0][place] > order[1][place];
}

/**
 * Return what rows share that are the same sample, as in qanat/domain/samples.py: those with the same parameters and
 * seed, and without a seed those of a run and of its reruns.
 * @param {Row[]} rows
 * @param {string[]} seeds
 */
function samplesOf(rows, seeds) {
  /** @type {Map<string, number>} */
  const alike = new Map();
  return new Map(rows.map((row) => {
    const parameters = settingOf(row, []);
    if (hasSeed(row, seeds)) return [row, JSON.stringify(parameters)];
    const inRun = JSON.stringify([row.run.id, parameters]);
    const place = alike.get(inRun) ?? 0;
    alike.set(inRun, place + 1);
    return [row, JSON.stringify([row.run.repeats ?? row.run.id, parameters, place])];
  }));
}

/**
 * @param {Row} row
 * @param {string[]} seeds
 */
export function hasSeed(row, seeds) {
  return Object.keys(row.groups[0].parameters).some((name) => isSeed(name, seeds));
}

/**
 * @param {Row} row
 * @param {string[]} seeds
 */
function settingOf(row, seeds) {
  const parameters = Object.entries(row.groups[0].parameters).filter(([name]) => !isSeed(name, seeds));
  return parameters.map(([name, value]) => [name, canonical(value)]).sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Return whether a parameter is one of these seeds, which are named as typed or without dashes.
 * @param {string} name
 * @param {string[]} seeds
 */
export function isSeed(name, seeds) {
  return seeds.includes(name) || seeds.includes(withoutDashes(name));
}

/**
 * Return what all spellings of a value have in common, as in qanat/domain/equal_values.py.
 * @param {string} value
 */
export function canonical(value) {
  const numbers = value.split(' ').map(canonicalNumber);
  return numbers.includes(null) ? value : numbers.join(' ');
}

/** @param {string} text */
function canonicalNumber(text) {
  const found = NUMBER.exec(text);
  if (!found || !(found[2] || found[3])) return null;
  const [, sign, whole = '', fraction = '', power = '0'] = found;
  const digits = (whole + fraction).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (!kept) return '0';
  const exponent = Number(power) - fraction.length + digits.length - kept.length;
  return `${sign.replace('+', '')}${kept}${exponent ? `e${exponent}` : ''}`;
}

/**
 * Return a short text that is another for another text, for the address.
 * @param {string} text
 */
function digest(text) {
  let [low, high] = [0x811c9dc5, 0x1b873593];
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) + low;
  }
  return [low, high].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('').slice(0, 12);
}

/** The columns of tables: which there are, and what a row has in each, as in qanat/domain/run_columns.py. */
import { METRIC, PARAMETER } from './condition.js';
import { isFinished, membersOf } from './data.js';
import { plural, shownDuration, shownTime, writerOf } from './formats.js';
import { canonical } from './pools.js';
import { FIELDS, ALIASES, metricOf, secondsOf, withoutDashes } from './search.js';
import { statistic, statisticText } from './statistics.js';
import { number } from './values.js';

/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./search.js').Names} Names */

/**
 * @typedef {object} Column
 * @property {string} key as in the address, and in `qanat runs --columns`
 * @property {string} [name] the heading without label and unit, where it may have these
 * @property {string} heading
 * @property {'field' | 'parameter' | 'metric'} kind
 * @property {boolean} isNumber
 * @property {'higher' | 'lower' | undefined} better
 * @property {(row: Row) => any[]} values
 * @property {(row: Row) => string} text
 */

/** Names that mean something else than a parameter: `settings` are all of them. */
const TAKEN = new Set([...Object.keys(FIELDS), ...Object.keys(ALIASES), 'settings']);
const ON = 'yes';
const VALUES_LISTED = 3;

/**
 * Return the columns of parameters, without dashes unless two would be called the same.
 * @param {Names} names
 * @param {Row[]} rows
 * @returns {Column[]}
 */
export function parameterColumns(names, rows) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const name of names.parameters) counts.set(withoutDashes(name), (counts.get(withoutDashes(name)) ?? 0) + 1);
  return [...names.parameters].map((name) => {
    const plain = (counts.get(withoutDashes(name)) ?? 0) > 1 ? name : withoutDashes(name);
    const heading = TAKEN.has(plain) ? PARAMETER + plain : plain;
    const values = (/** @type {Row} */ row) => parameterOf(row, name);
    const isNumber = rows.every((row) => values(row).every((value) => number(value) !== null));
    const text = (/** @type {Row} */ row) => spread(values(row).map((value) => value || ON), isNumber);
    return { key: heading, heading, kind: 'parameter', isNumber, better: undefined, values, text };
  });
}

/**
 * Return what a row has of a parameter: different values of its groups once each.
 * @param {Row} row
 * @param {string} name
 */
function parameterOf(row, name) {
  if (row.groups.length === 1) {
    const { parameters } = row.groups[0];
    return Object.hasOwn(parameters, name) ? [parameters[name]] : [];
  }
  const having = row.groups.filter((group) => Object.hasOwn(group.parameters, name));
  const values = [...new Set(having.map((group) => group.parameters[name]))];
  if (!row.pool || values.length < 2) return values;
  // Groups that are pooled may spell a value differently.
  const spelled = new Set();
  return values.filter((value) => spelled.size < spelled.add(canonical(value)).size);
}

/**
 * Return the columns of metrics.
 * @param {Names} names
 * @param {Row[]} rows
 * @param {import('./data.js').Report} report
 * @returns {Column[]}
 */
export function metricColumns(names, rows, { better, titles, runs }) {
  const taken = new Set([...TAKEN, ...[...names.parameters].map(withoutDashes)]);
  const all = inUsualOrder(names.metrics, better, runs);
  return all.map((name) => {
    const values = (/** @type {Row} */ row) => {
      const groups = row.pool && !row.pool.counted.length ? [] : row.groups;
      return groups.map((group) => metricOf(group, name)).filter((value) => value !== undefined);
    };
    const write = writerOf(rows.flatMap(values));
    const plain = taken.has(name) ? METRIC + name : name;
    const isTitled = Object.hasOwn(titles, name) && all.filter((other) => titles[other] === titles[name]).length === 1;
    const heading = isTitled ? titles[name] : plain;
    const direction = Object.hasOwn(better, name) ? better[name] : undefined;
    const text = (/** @type {Row} */ row) => (row.pool ? pooledText(values(row), row.groups.length) : numbers(values(row), write));
    return { key: METRIC + name, name: plain, heading, kind: 'metric', isNumber: true, better: direction, values, text };
  });
}

/**
 * Return metrics in an order that hardly changes with a new run: first those of which a direction is better, then those
 * that more runs with finished groups have, and then as the oldest runs have them.
 * @param {Set<string>} names
 * @param {import('./data.js').Report['better']} better
 * @param {import('./data.js').Run[]} runs
 */
function inUsualOrder(names, better, runs) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const run of [...runs].reverse()) {
    const finished = run.groups.filter(({ state }) => state === 'finished');
    for (const name of new Set(finished.flatMap(({ metrics }) => Object.keys(metrics)))) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const known = [...counts.keys()].filter((name) => names.has(name));
  const isDeclared = (/** @type {string} */ name) => Number(Object.hasOwn(better, name));
  return [...new Set([...known, ...names])].sort((a, b) => isDeclared(b) - isDeclared(a) || (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
}

/**
 * Return the columns of fields: what every run has.
 * @param {number} now
 * @returns {Record<string, Column>}
 */
export function fieldColumns(now) {
  const field = (
    /** @type {string} */ key, /** @type {string} */ heading, /** @type {(row: Row) => any} */ take,
    /** @type {(value: any) => string} */ write = String, isNumber = false,
  ) => /** @type {Column} */ ({
    key, heading, kind: 'field', isNumber, better: undefined,
    values: (row) => valuesOf(row, take), text: (row) => spread(valuesOf(row, take).map(write).filter(Boolean), isNumber),
  });
  return {
    run: field('run', 'run', (row) => row.run.number, String, true),
    group: field('group', 'group', (row) => row.group?.number, String, true),
    groups: { ...field('groups', 'groups', (row) => row.run.group_count, String, true), ...countedGroups },
    experiment: field('experiment', 'experiment', (row) => row.run.experiment),
    state: field('state', 'state', (row) => (row.group ?? row.run).state),
    description: field('description', 'description', (row) => row.run.description),
    tag: field('tag', 'tags', (row) => row.run.tags.join(', ')),
    runner: field('runner', 'runner', (row) => row.run.runner),
    author: field('author', 'author', (row) => row.run.author.split(' <')[0]),
    commit: field('commit', 'commit', (row) => row.run.commit.slice(0, 10)),
    duration: field('duration', 'took', (row) => secondsOf(row, now), shownDuration, true),
    date: field('date', 'launched', (row) => row.run.created, shownTime, true),
  };
}

/** How many groups a row has: of pooled groups, those that count, and of how many if others did not finish. */
const countedGroups = {
  /** @param {Row} row */
  values: (row) => [row.pool ? row.pool.counted.length : row.run.group_count],
  /** @param {Row} row */
  text: (row) => {
    if (!row.pool) return String(row.run.group_count);
    const { counted, unfinished } = row.pool;
    return unfinished.length ? `${counted.length} of ${counted.length + unfinished.length}` : String(counted.length);
  },
};

/**
 * List the different values that a row, or the groups that it pools, have in a field, in their order.
 * @param {Row} row
 * @param {(row: Row) => any} take
 */
function valuesOf(row, take) {
  if (!row.pool) return [take(row)].filter((value) => value !== null && value !== undefined);
  const values = new Set(membersOf(row).map(take).filter((value) => value !== null && value !== undefined));
  return [...values].sort(compared);
}

/**
 * Return whether rows differ in a column.
 * @param {Column} column
 * @param {Row[]} rows
 */
export function varies(column, rows) {
  const first = rows.length ? column.values(rows[0]) : [];
  return rows.some((row) => {
    const values = column.values(row);
    return values.length !== first.length || values.some((value, place) => !Object.is(value, first[place]));
  });
}

/**
 * Return rows sorted by a column. Rows without a value, or with NaN only, come last; sorted by a metric, so do rows
 * that have not finished, since a failed run never wins.
 * @param {Row[]} rows
 * @param {Column} column
 * @param {boolean} isDescending
 */
export function sortedRows(rows, column, isDescending) {
  const placed = rows.map((row) => ({ row, place: placeOf(column, row, isDescending), rank: rankOf(column, row) }));
  const sign = isDescending ? -1 : 1;
  placed.sort((a, b) => {
    if (a.rank !== b.rank) return a.rank - b.rank;
    if (a.place === null || b.place === null) return Number(a.place === null) - Number(b.place === null);
    return sign * compared(a.place, b.place);
  });
  return placed.map(({ row }) => row);
}

/**
 * @param {Column} column
 * @param {Row} row
 */
function rankOf(column, row) {
  return column.kind === 'metric' && !isFinished(row) ? 1 : 0;
}

/**
 * Return what a row is sorted by: its greatest value if the greatest come first, or else its least; null if it has none.
 * @param {Column} column
 * @param {Row} row
 * @param {boolean} isDescending
 */
export function placeOf(column, row, isDescending) {
  const places = shownValues(column, row).map(orderOf).filter((place) => place === place);
  const better = (/** @type {any} */ a, /** @type {any} */ b) => (compared(a, b) > 0 === isDescending ? a : b);
  return places.length ? places.reduce(better) : null;
}

/**
 * List the values that a row stands for in a column: of a metric of several pooled groups, their mean.
 * @param {Column} column
 * @param {Row} row
 * @returns {any[]}
 */
export function shownValues(column, row) {
  const values = column.values(row);
  return row.pool && column.kind === 'metric' && values.length ? [statistic(values).mean] : values;
}

/** @param {any} value */
function orderOf(value) {
  return typeof value === 'string' ? number(value) ?? value : value;
}

/**
 * Return the order of two places: numbers before texts.
 * @param {any} a
 * @param {any} b
 */
function compared(a, b) {
  const isText = [typeof a === 'string', typeof b === 'string'];
  if (isText[0] !== isText[1]) return isText[0] ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Return the mean and the deviation of a metric, and of how many groups if not all have it.
 * @param {number[]} values
 * @param {number} groups
 */
function pooledText(values, groups) {
  if (!values.length) return '';
  const count = values.length < groups ? ` (n=${values.length})` : '';
  return statisticText(statistic(values)).replaceAll('-', '\u2212') + count;
}

/**
 * Return different values, or of many the least and the greatest, which only numbers have: of texts, how many there are.
 * @param {string[]} values
 * @param {boolean} isOrdered
 */
function spread(values, isOrdered) {
  const different = [...new Set(values)];
  if (different.length <= VALUES_LISTED) return different.join(', ');
  if (!isOrdered) return `${different.slice(0, VALUES_LISTED - 1).join(', ')}, and ${different.length - VALUES_LISTED + 1} more`;
  const inOrder = different.every((value) => number(value) !== null) ? [...different].sort((a, b) => Number(number(a)) - Number(number(b))) : different;
  return `${inOrder[0]} … ${inOrder[inOrder.length - 1]}`;
}

/**
 * Return the only number, or the least and the greatest.
 * @param {number[]} values
 * @param {(value: number) => string} write
 */
function numbers(values, write) {
  if (!values.length) return '';
  const known = values.filter((value) => !Number.isNaN(value));
  if (!known.length) return 'nan';
  const low = write(known.reduce((a, b) => Math.min(a, b)));
  const high = write(known.reduce((a, b) => Math.max(a, b)));
  const span = low === high ? low : `${low} … ${high}`;
  return known.length < values.length ? `${span}, nan` : span;
}

/**
 * Return the parameters that are the same in all rows as a phrase, such as `epochs 200`; empty if there are none.
 * @param {Column[]} columns
 * @param {Row[]} rows
 */
export function constants(columns, rows) {
  if (rows.length < 2) return '';
  const same = columns.filter((column) => column.values(rows[0]).length === 1 && !varies(column, rows));
  const named = same.slice(0, 4).map((column) => `${column.heading} ${column.text(rows[0])}`);
  const more = same.length - named.length;
  return [...named, ...(more ? [`${plural(more, 'more')}`.replace(/s$/, '')] : [])].join(', ');
}

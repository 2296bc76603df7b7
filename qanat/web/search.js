/** What the names of a condition stand for, and which rows meet it, as in qanat/domain/search.py. */
import { ConditionError, METRIC, PARAMETER, quoted } from './condition.js';
import { DATE_HINT, DURATION_HINT, date, dateTest, duration, durationTest, number, numberTest, textTest, valueTest } from './values.js';

/** @typedef {import('./condition.js').Condition} Condition */
/** @typedef {import('./condition.js').Compared} Compared */
/** @typedef {import('./values.js').Test} Test */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./data.js').Group} Group */
/** @typedef {(row: Row, group: Group) => boolean} Meets */
/** @typedef {{parameters: Set<string>, metrics: Set<string>, curves: Set<string>}} Names */
/** @typedef {(compared: Compared, context: Context) => Test} MakeTest */

export const STATES = ['queued', 'running', 'held', 'finished', 'failed', 'cancelled', 'lost'];
const LIVE = ['queued', 'running', 'held'];
const STATISTICS = ['last', 'min', 'max', 'count'];

/** The text of a condition, for the places of mistakes in it; what its names may stand for; and the time. */
export class Context {
  /**
   * @param {string} text
   * @param {Names} names
   * @param {number} now
   */
  constructor(text, names, now) {
    this.text = text;
    this.names = names;
    this.now = now;
  }

  /**
   * @param {string} problem
   * @param {number} place
   * @param {string} hint
   */
  error(problem, place, hint) {
    return new ConditionError(problem, this.text, place, hint);
  }
}

/**
 * Return the names that these groups have.
 * @param {Iterable<Group>} groups
 * @returns {Names}
 */
export function namesOf(groups) {
  const [parameters, metrics, curves] = [new Set(), new Set(), new Set()];
  for (const group of groups) {
    for (const name of Object.keys(group.parameters)) parameters.add(name);
    for (const name of Object.keys(group.metrics)) metrics.add(name);
    for (const name of Object.keys(group.curves)) curves.add(name);
  }
  return { parameters, metrics, curves };
}

/**
 * Return the test of rows that a condition stands for. Throws ConditionError for an unknown name or a wrong value.
 * @param {Condition} condition
 * @param {Context} context
 * @returns {(row: Row) => boolean}
 */
export function search(condition, context) {
  const meets = meetsOf(condition, context);
  return (row) => row.groups.some((group) => meets(row, group));
}

/**
 * @param {Condition} condition
 * @param {Context} context
 * @returns {Meets}
 */
function meetsOf(condition, context) {
  if (condition.kind === 'not') {
    const inside = meetsOf(condition.inner, context);
    return (row, group) => !inside(row, group);
  }
  if ('parts' in condition) {
    const parts = condition.parts.map((part) => meetsOf(part, context));
    if (condition.kind === 'all') return (row, group) => parts.every((meets) => meets(row, group));
    return (row, group) => parts.some((meets) => meets(row, group));
  }
  if (condition.kind === 'said') return says(condition.text.toLowerCase());
  if (condition.kind === 'fresh') {
    throw context.error('it is not known here which runs are fresh', condition.place, 'see: qanat runs --where fresh');
  }
  if (condition.kind === 'present') return has(condition.name, condition.place, context);
  return compares(condition, context);
}

/**
 * @param {string} part
 * @returns {Meets}
 */
function says(part) {
  return ({ run }) =>
    run.description.toLowerCase().includes(part) || run.tags.some((tag) => tag.toLowerCase().includes(part));
}

/**
 * @param {string} name
 * @param {number} place
 * @param {Context} context
 * @returns {Meets}
 */
function has(name, place, context) {
  const [kind, found] = resolve(name, place, context);
  if (kind === METRIC) return (_, group) => found.some((metric) => metricOf(group, metric) !== undefined);
  return (_, group) => found.some((parameter) => Object.hasOwn(group.parameters, parameter));
}

/**
 * @param {Compared} compared
 * @param {Context} context
 * @returns {Meets}
 */
function compares(compared, context) {
  const [kind, found] = resolve(compared.name, compared.place, context);
  if (kind === METRIC) {
    const test = metricTest(compared, context);
    return (_, group) => found.some((name) => {
      const value = metricOf(group, name);
      return value !== undefined && test(value);
    });
  }
  if (kind === PARAMETER) {
    const test = parameterTest(compared, context);
    return (_, { parameters }) => found.some((name) => Object.hasOwn(parameters, name) && test(parameters[name]));
  }
  const field = FIELDS[found[0]];
  const test = field.test(compared, context);
  return (row) => {
    const value = field.take(row, context.now);
    return value !== null && value !== undefined && test(value);
  };
}

/**
 * Return a metric of a group, or what a curve came to for a name such as loss.min; undefined without either.
 * @param {Group} group
 * @param {string} name
 */
export function metricOf(group, name) {
  if (Object.hasOwn(group.metrics, name)) return group.metrics[name];
  const [curve, which] = splitStatistic(name);
  return which && Object.hasOwn(group.curves, curve) ? group.curves[curve][STATISTICS.indexOf(which)] : undefined;
}

/**
 * @param {string} name
 * @returns {[string, string]}
 */
function splitStatistic(name) {
  const dot = name.lastIndexOf('.');
  const which = name.slice(dot + 1);
  return dot >= 0 && STATISTICS.includes(which) ? [name.slice(0, dot), which] : ['', ''];
}

/**
 * List the parameters that a name stands for: that one, or without dashes any that is called so.
 * @param {string} name
 * @param {Names} names
 */
function parametersNamed(name, names) {
  if (name.startsWith('-') && names.parameters.has(name)) return [name];
  const plain = withoutDashes(name);
  return [...names.parameters].filter((known) => withoutDashes(known) === plain).sort();
}

/** @param {string} name */
export function withoutDashes(name) {
  return name.replace(/^-+/, '');
}

/**
 * Return what a name stands for: METRIC or PARAMETER and their names, or an empty text and the field's name.
 * @param {string} name
 * @param {number} place
 * @param {Context} context
 * @returns {[string, string[]]}
 */
function resolve(name, place, context) {
  const { names } = context;
  if (Object.hasOwn(FIELDS, name) || Object.hasOwn(ALIASES, name)) return ['', [ALIASES[name] ?? name]];
  if (!name.startsWith(METRIC)) {
    const parameters = parametersNamed(cut(name, PARAMETER), names);
    if (parameters.length) return [PARAMETER, parameters];
  }
  const metric = cut(name, METRIC);
  const isMetric = names.metrics.has(metric) || names.curves.has(splitStatistic(metric)[0]);
  if (isMetric && !name.startsWith(PARAMETER)) return [METRIC, [metric]];
  const isParameter = name.startsWith('-') || name.startsWith(PARAMETER);
  const what = name.startsWith(METRIC) ? 'metric' : isParameter ? 'parameter' : 'parameter or metric';
  const bare = withoutDashes(cut(cut(name, METRIC), PARAMETER));
  throw context.error(`no run has the ${what} ${quoted(bare)}`, place, available(names, what));
}

/**
 * @param {string} text
 * @param {string} prefix
 */
function cut(text, prefix) {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

/**
 * @param {Names} names
 * @param {string} what
 */
function available(names, what) {
  const metrics = [...names.metrics].map((name) => METRIC + name);
  const parameters = [...names.parameters].map(withoutDashes);
  const known = what === 'metric' ? metrics : what === 'parameter' ? parameters : [...parameters, ...metrics];
  return known.length ? `available: ${known.sort().slice(0, 40).join(', ')}` : 'there are none';
}

/** @type {MakeTest} */
function metricTest(compared, context) {
  const limit = number(compared.value);
  if (limit !== null && !compared.operator.endsWith('~')) return numberTest(compared.operator, limit);
  const hint = 'a metric is compared with a number, such as metric.acc>0.9 or metric.loss=nan';
  throw wrong(compared, context, 'a number', hint);
}

/** @type {MakeTest} */
function parameterTest(compared, context) {
  const test = valueTest(compared.operator, compared.value, context.now);
  if (test) return test;
  throw wrong(compared, context, 'a number, a duration or a date', 'compare texts with =, != or ~');
}

/**
 * @param {Compared} compared
 * @param {Context} context
 * @param {string} what
 * @param {string} hint
 */
function wrong(compared, context, what, hint) {
  const { name, operator, value, place } = compared;
  if (!operator.endsWith('~')) return context.error(`${quoted(value)} is not ${what}`, place, hint);
  return context.error(`${quoted(name)} has no text for ${quoted(operator)}`, place, hint);
}

/** @type {MakeTest} */
function ofText(compared, context) {
  const { name, operator, value, place } = compared;
  if (!/[<>]/.test(operator)) return textTest(operator, value);
  throw context.error(`${quoted(name)} has texts, which have no order`, place, 'compare them with =, != or ~');
}

/**
 * Return a test of several texts, of which one must meet `=` or `~`, and none may meet what `!=` or `!~` negate.
 * @type {MakeTest}
 */
function ofAnyText(compared, context) {
  const isNegated = compared.operator.startsWith('!');
  const test = ofText({ ...compared, operator: cut(compared.operator, '!') }, context);
  return (texts) => texts.some(test) !== isNegated;
}

/** @type {MakeTest} */
function ofState(compared, context) {
  const isEqual = compared.operator === '=' || compared.operator === '!=';
  if (!isEqual || STATES.includes(compared.value)) return ofText(compared, context);
  throw context.error(`${quoted(compared.value)} is not a state`, compared.place, `states: ${STATES.join(', ')}`);
}

/** @type {MakeTest} */
function ofCommit(compared, context) {
  if (compared.operator !== '=' && compared.operator !== '!=') return ofText(compared, context);
  const start = compared.value.toLowerCase();
  return (found) => (start !== '' && found.startsWith(start)) === (compared.operator === '=');
}

/** @type {MakeTest} */
function ofWhole(compared, context) {
  const limit = number(compared.value);
  if (limit !== null && !compared.operator.endsWith('~')) return numberTest(compared.operator, limit);
  throw wrong(compared, context, 'a number', `for example: ${compared.name}>=10`);
}

/** @type {MakeTest} */
function ofRun(compared, context) {
  const isEqual = compared.operator === '=' || compared.operator === '!=';
  if (isEqual && compared.value.replace(/^-+|-+$/g, '').includes('-')) {
    return (run) => (run.id === compared.value) === (compared.operator === '=');
  }
  const test = ofWhole(compared, context);
  return (run) => test(run.number);
}

/** @type {MakeTest} */
function ofDate(compared, context) {
  const span = date(compared.value, context.now);
  if (!span || compared.operator.endsWith('~')) throw wrong(compared, context, 'a date', DATE_HINT);
  const test = dateTest(compared.operator, span);
  return (found) => test(Date.parse(found));
}

/** @type {MakeTest} */
function ofDuration(compared, context) {
  const seconds = duration(compared.value);
  if (seconds === null || !Number.isFinite(seconds) || compared.operator.endsWith('~')) {
    throw wrong(compared, context, 'a duration', DURATION_HINT);
  }
  return durationTest(compared.operator, seconds);
}

/**
 * Return how long all attempts of the run, without its pauses, or of the group took, so far; null if unknown.
 * @param {Row} row
 * @param {number} now
 */
export function secondsOf(row, now) {
  const of = row.group ?? row.run;
  if (!of.started || (!of.ended && !LIVE.includes(of.state))) return null;
  const end = of.ended ? Date.parse(of.ended) : now;
  const span = Math.max(0, (end - Date.parse(of.started)) / 1000);
  return row.group ? span + row.group.before_s : Math.max(0, span - row.run.paused_s);
}

/**
 * Return an author as `Name <address>`, and the name and the address.
 * @param {string} text
 */
function authors(text) {
  const at = text.indexOf('<');
  if (at < 0) return [text, text.trim(), ''];
  return [text, text.slice(0, at).trim(), text.slice(at + 1).replace(/[> ]+$/, '')];
}

/** @type {Record<string, {take: (row: Row, now: number) => any, test: MakeTest}>} */
export const FIELDS = {
  run: { take: (row) => row.run, test: ofRun },
  experiment: { take: (row) => row.run.experiment, test: ofText },
  group: { take: (row) => row.group?.number, test: ofWhole },
  groups: { take: (row) => row.run.group_count, test: ofWhole },
  attempt: { take: (row) => Math.max(...row.groups.map((group) => group.attempt)), test: ofWhole },
  state: { take: (row) => (row.group ?? row.run).state, test: ofState },
  'run.state': { take: (row) => row.run.state, test: ofState },
  tag: { take: (row) => row.run.tags, test: ofAnyText },
  description: { take: (row) => row.run.description, test: ofText },
  runner: { take: (row) => row.run.runner, test: ofText },
  date: { take: (row) => row.run.created, test: ofDate },
  started: { take: (row) => (row.group ?? row.run).started, test: ofDate },
  ended: { take: (row) => (row.group ?? row.run).ended, test: ofDate },
  duration: { take: secondsOf, test: ofDuration },
  commit: { take: (row) => row.run.commit, test: ofCommit },
  author: { take: (row) => authors(row.run.author), test: ofAnyText },
  'run.data': { take: (row) => row.run.data, test: ofAnyText },
  host: { take: (row) => row.groups.map((group) => group.host).filter(Boolean), test: ofAnyText },
};
/** @type {Record<string, string>} */
export const ALIASES = { tags: 'tag', created: 'date', number: 'run', id: 'run' };

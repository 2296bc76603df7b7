/** The data of the page: runs with their groups, and the rows of its tables. */

/**
 * @typedef {object} Group
 * @property {number} number
 * @property {string} state
 * @property {string | null} started
 * @property {string | null} ended
 * @property {string | null} host
 * @property {number} attempt
 * @property {number} before_s how many seconds the earlier attempts took
 * @property {Record<string, string>} parameters by their names as typed, with dashes
 * @property {Record<string, number>} metrics
 * @property {Record<string, number[]>} curves what each came to: last, least, greatest value, number of steps
 * @property {Figure[]} [figures]
 * @property {Record<string, [number[], number[]]>} [series] curves: their steps and values, perhaps thinned
 */

/** @typedef {{name: string, bytes: number, modified: string, image: string}} Figure an image, by what its file is called */

/**
 * @typedef {object} Details what the page of a run shows beyond its row; what is empty is left out
 * @property {string} command
 * @property {string[]} [code]
 * @property {string} storage
 * @property {string} [removed] when the results were removed
 * @property {string} [rerun_of]
 * @property {string} [origin]
 * @property {string} [template]
 * @property {Record<string, string>} [options]
 * @property {[number, number]} [outputs] how many files, and their size in bytes
 * @property {{args?: string, job?: string, state?: string}[]} groups
 * @property {{groups: number, first: number, reason: string, lines: string[]}[]} [failures]
 * @property {string} [comment]
 */

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {number} number
 * @property {string} experiment
 * @property {string} description
 * @property {string[]} tags
 * @property {string} state
 * @property {string} created
 * @property {string | null} started
 * @property {string | null} ended
 * @property {number} paused_s
 * @property {string} author
 * @property {string} runner
 * @property {string} commit
 * @property {string[]} data
 * @property {number} group_count
 * @property {number} code what runs of the same code share
 * @property {string} [repeats] the id of the run that a rerun repeats
 * @property {number} on what runs share whose data do not certainly differ
 * @property {Group[]} groups
 * @property {Details} [details]
 */

/**
 * @typedef {object} Report
 * @property {string} project
 * @property {string} created
 * @property {string[]} notes
 * @property {Record<string, 'higher' | 'lower'>} better
 * @property {Record<string, string>} titles of metrics, with their units
 * @property {Record<string, string[]>} seeds of the experiments that name them
 * @property {{name: string, description: string, address: string}[]} views that are saved in the project
 * @property {string} view the name of the one to open with; empty for none
 * @property {Run[]} runs
 */

/** @typedef {{counted: Row[], unfinished: Row[], repeated: Row[]}} Pool rows of groups, of which those that count have finished */
/** @typedef {{key: string, run: Run, group: Group | null, groups: Group[], pool?: Pool}} Row */

/** @type {Record<string, number>} */
const NOT_IN_JSON = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity };

/**
 * Read the data from the page. What JSON leaves out to be short gets its value, and NaN and infinities are numbers.
 * @param {string} text
 * @returns {Report}
 */
export function readReport(text) {
  const report = JSON.parse(text);
  report.titles ??= {};
  report.seeds ??= {};
  report.views ??= [];
  report.view ??= '';
  report.runs.forEach(completeRun);
  return report;
}

/** @param {any} run */
function completeRun(run) {
  run.tags ??= [];
  run.description ??= '';
  run.paused_s ??= 0;
  run.data ??= [];
  run.group_count ??= run.groups.length;
  run.code ??= 0;
  run.on ??= 0;
  for (const group of run.groups) {
    group.parameters ??= {};
    group.metrics = withNumbers(group.metrics ?? {});
    group.curves ??= {};
    group.attempt ??= 1;
    group.before_s ??= 0;
    for (const [name, values] of Object.entries(group.curves)) group.curves[name] = Object.values(withNumbers(values));
  }
}

/**
 * Return a report with what a stream says has changed: runs that are new or others now, and the ids of those gone.
 * @param {Report} report
 * @param {Report & {gone: string[]}} change
 * @returns {Report}
 */
export function changedReport(report, change) {
  const { gone, ...rest } = change;
  const dropped = new Set([...gone, ...change.runs.map((run) => run.id)]);
  const runs = [...change.runs, ...report.runs.filter((run) => !dropped.has(run.id))];
  runs.sort((a, b) => Date.parse(b.created) - Date.parse(a.created) || b.number - a.number);
  return { ...report, ...rest, runs };
}

/**
 * Return whether a row has finished; for one of several groups, whether any has.
 * @param {Row} row
 */
export function isFinished(row) {
  return row.pool ? row.pool.counted.length > 0 : (row.group ?? row.run).state === 'finished';
}

/**
 * List the rows of groups that a row is made of, or the row itself.
 * @param {Row} row
 */
export function membersOf(row) {
  return row.pool ? [...row.pool.counted, ...row.pool.unfinished, ...row.pool.repeated] : [row];
}

/**
 * Return a report with the curves that came in a part of their own.
 * @param {Report} report
 * @param {string} text their steps and values by the ids of runs, the numbers of groups, and names
 * @returns {Report}
 */
export function withCurves(report, text) {
  /** @type {Map<string, Record<string, any>>} */
  const curves = new Map(Object.entries(JSON.parse(text)));
  const runs = report.runs.map((run) => ({
    ...run, groups: run.groups.map((group) => ({ ...group, series: curves.get(run.id)?.[group.number] ?? group.series })),
  }));
  return { ...report, runs };
}

/** @param {Record<string, any>} values */
function withNumbers(values) {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') values[name] = NOT_IN_JSON[value];
  }
  return values;
}

/**
 * Return a row for each run, or for each of its groups.
 * @param {Run[]} runs
 * @param {boolean} byGroup
 * @returns {Row[]}
 */
export function rowsOf(runs, byGroup) {
  if (!byGroup) return runs.map((run) => ({ key: run.id, run, group: null, groups: run.groups }));
  return runs.flatMap((run) => run.groups.map((group) => (
    { key: `${run.id}.${group.number}`, run, group, groups: [group] }
  )));
}

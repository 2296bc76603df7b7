/** What a reader must know about pooled rows, as `qanat compare --pool` says it, in qanat/usecases/runs/comparison_notes.py. */
import { plural } from './formats.js';
import { hasSeed, isSeed, seedsOf } from './pools.js';
import { withoutDashes } from './search.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./data.js').Row} Row */

const ROWS_NAMED = 5;

/**
 * List which groups do not count and why, and which parameters are seeds.
 * @param {App} app
 */
export function notesOnPools(app) {
  return [...repeatedSaid(app), unfinishedSaid(app), seedsSaid(app)].filter(Boolean);
}

/** @param {App} app */
function repeatedSaid(app) {
  const repeated = app.rows.flatMap(({ pool }) => pool?.repeated ?? []);
  const seeded = repeated.filter((row) => hasSeed(row, seedsOf(row, app.report.seeds))).length;
  const said = (/** @type {number} */ count, /** @type {string} */ other) => (
    count ? `${plural(count, 'group')} ${count === 1 ? 'does' : 'do'} not count, since ${other} finished later` : ''
  );
  return [said(seeded, 'another with the same parameters and seed'), said(repeated.length - seeded, 'a rerun of the same')];
}

/** @param {App} app */
function unfinishedSaid(app) {
  const rows = app.rows.filter(({ pool }) => pool?.unfinished.length);
  const count = rows.reduce((sum, { pool }) => sum + (pool?.unfinished.length ?? 0), 0);
  if (!count) return '';
  const named = rows.slice(0, ROWS_NAMED).map((row) => `${row.pool?.unfinished.length} of ${membersCounted(row)} with ${app.settingOf(row)}`);
  const more = rows.length > ROWS_NAMED ? [`and ${plural(rows.length - ROWS_NAMED, 'more row')}`] : [];
  return `${plural(count, 'group')} that did not finish ${count === 1 ? 'is' : 'are'} left out: ${[...named, ...more].join('; ')}`;
}

/** @param {Row} row */
function membersCounted({ pool }) {
  return (pool?.counted.length ?? 0) + (pool?.unfinished.length ?? 0);
}

/** @param {App} app */
function seedsSaid(app) {
  const by = app.poolingColumns().map(({ key }) => key);
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const row of app.rows.flatMap(({ pool }) => pool?.counted ?? [])) {
    const { experiment } = row.run;
    const seeds = seedsOf(row, app.report.seeds);
    for (const name of Object.keys(row.groups[0].parameters)) {
      if (!isSeed(name, seeds) || by.includes(name) || by.includes(withoutDashes(name))) continue;
      found.set(experiment, (found.get(experiment) ?? new Set()).add(name));
    }
  }
  const parts = [...found].map(([experiment, names]) => {
    const of = found.size > 1 ? ` of ${experiment}` : '';
    return `${[...names].join(', ')}${of}${Object.hasOwn(app.report.seeds, experiment) ? '' : ' (guessed by name)'}`;
  });
  return parts.length ? `seed: ${parts.join('; ')}` : '';
}

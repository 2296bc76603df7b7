/** What a view names that is missing, as one that was saved for other runs: it has no effect, and the page says so. */
import { curveNames } from './curves.js';
import { SETTINGS } from './pools.js';
import { COLUMN_KEYS } from './view.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./view.js').View} View */

const NOT_COLUMNS = ['', 'none', SETTINGS];

/**
 * List what the view names that is missing, and the changes that leave it out.
 * @param {App} app
 * @param {string[]} tabs
 * @returns {{said: string[], changes: Partial<View>}}
 */
export function unknownIn(app, tabs) {
  const { view, usual } = app;
  const columns = new Set([...app.columns().map((column) => column.key), ...NOT_COLUMNS]);
  /** @type {string[]} */
  const said = [];
  /** @type {Record<string, any>} */
  const changes = {};
  const check = (/** @type {keyof View} */ key, /** @type {string} */ what, /** @type {(name: string) => boolean} */ isThere) => {
    const value = view[key];
    const names = /** @type {string[]} */ (Array.isArray(value) ? value : [value]);
    const missing = names.filter((name) => !isThere(name));
    if (!missing.length) return;
    said.push(...missing.map((name) => `${what} ${name}`));
    changes[key] = Array.isArray(value) ? value.filter((name) => !missing.includes(name)) : usual[key];
  };
  for (const key of COLUMN_KEYS) check(key, 'column', (name) => columns.has(key === 'sort' ? name.replace(/^-/, '') : name));
  check('metric', 'curve', (name) => !name || curveNames(app).includes(name));
  for (const key of /** @type {(keyof View)[]} */ (['selected', 'open'])) {
    check(key, 'run', (name) => !name || name.startsWith('~') || app.report.runs.some((run) => run.id === name.split('.')[0]));
  }
  check('tab', 'tab', (name) => tabs.includes(name));
  return { said: [...new Set(said)], changes };
}

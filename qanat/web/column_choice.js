/** Which columns the table has: those that the view names, or the usual ones. */
import { varies } from './columns.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */

const METRICS_MAX = 60;

/**
 * List the columns that are shown by themselves, each with the heading above it.
 * @param {App} app
 * @returns {[Column, string][]}
 */
export function usualColumns(app) {
  const main = app.main();
  const others = app.metrics.filter((column) => column !== main).slice(0, METRICS_MAX);
  const { experiment, group, state, duration, date, groups, tag, commit } = app.fields;
  const isPooled = app.isPooled();
  const pooling = app.poolingColumns();
  const parameters = [...pooling, ...app.differing.filter((column) => !pooling.includes(column))];
  const named = (/** @type {Column[]} */ columns, section = '') => columns.map((column) => /** @type {[Column, string]} */ ([column, section]));
  return [
    ...named(isPooled ? [] : [state]),
    ...named(app.view.groups && !isPooled ? [group] : []),
    ...named([experiment].filter((column) => varies(column, app.every))),
    ...named(main ? [main] : []),
    ...named(isPooled && app.rows.some((row) => row.run.code !== app.rows[0].run.code) ? [commit] : []),
    ...named(parameters, 'parameters that differ'),
    ...named(others, 'also measured'),
    ...named(isPooled ? [] : [duration, date], 'time'),
    ...named(!app.byGroup && varies(groups, app.every) ? [groups] : []),
    ...named(!isPooled && app.every.some((row) => row.run.tags.length) ? [tag] : []),
  ];
}

/**
 * List the columns that the view names, each with the heading above it; null if it names none that exists.
 * @param {App} app
 * @returns {[Column, string][] | null}
 */
export function chosenColumns(app) {
  const known = new Map(app.columns().map((column) => [column.key, column]));
  const chosen = app.view.columns.map((key) => known.get(key)).filter((column) => column !== undefined);
  const sections = { field: '', parameter: 'parameters', metric: 'measured' };
  return chosen.length ? chosen.map((column) => [column, sections[column.kind]]) : null;
}

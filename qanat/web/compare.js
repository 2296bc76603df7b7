/** Rows side by side: only what differs, unless all is asked for. */
import { shownValues, varies } from './columns.js';
import { isFinished } from './data.js';
import { el } from './dom.js';
import { significant } from './formats.js';
import { stateMark } from './states.js';
import { swatch } from './tray.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */

const COMPARED_MAX = 12;
const FIELDS_COMPARED = ['experiment', 'description', 'tag', 'duration', 'date', 'commit', 'runner', 'author'];

/**
 * @param {App} app
 * @param {HTMLElement} place
 */
export function showComparison(app, place) {
  const selected = app.selection();
  const rows = (selected.length ? selected : app.rows.slice(0, 2)).slice(0, COMPARED_MAX);
  if (!rows.length) {
    place.replaceChildren(el('div', { class: 'empty' }, el('b', {}, 'Nothing to compare'), 'No run meets the conditions.'));
    return;
  }
  const table = el('table', { class: 'compared' }, heading(app, rows), el('tbody', {}, comparedLines(app, rows)));
  place.replaceChildren(compareControls(app, rows, selected.length), el('div', { class: 'scroll' }, table));
}

/**
 * @param {App} app
 * @param {Row[]} rows
 * @param {number} selected
 */
function compareControls(app, rows, selected) {
  const first = app.titleOf(rows[0]);
  const said = [
    selected ? '' : `None selected: the first ${rows.length === 1 ? 'row' : 'two'} of the table.`,
    selected > COMPARED_MAX ? `The first ${COMPARED_MAX} of ${selected} selected.` : '',
    rows.length > 1 ? `Differences are from ${first}.` : 'Select another row to compare.',
    rows.length > 1 && !app.isPooled() && hasRange(app, rows) ? 'A run with several values has none: choose groups to compare them.' : '',
  ];
  const box = el('input', { type: 'checkbox', checked: !app.view.all, onchange: () => app.change({ all: !box.checked }) });
  return el('div', { class: 'controls' }, el('label', {}, box, 'only what differs'), el('span', { class: 'note' }, said.filter(Boolean).join(' ')));
}

/**
 * Return whether a row has several values of a metric.
 * @param {App} app
 * @param {Row[]} rows
 */
function hasRange(app, rows) {
  return app.metrics.some((column) => rows.some((row) => new Set(column.values(row)).size > 1));
}

/**
 * @param {App} app
 * @param {Row[]} rows
 */
function heading(app, rows) {
  const names = rows.flatMap((row) => [
    el('th', { class: 'name' }, swatch(app.colourOf(row.key) || 'transparent'),
      el('button', { class: 'link', onclick: () => app.change({ open: row.key }) }, app.titleOf(row)),
      el('div', {}, row.pool ? `${app.fields.groups.text(row)} groups` : stateMark((row.group ?? row.run).state))),
    el('th'),
  ]);
  return el('thead', {}, el('tr', {}, el('th'), names));
}

/**
 * @param {App} app
 * @param {Row[]} rows
 */
function comparedLines(app, rows) {
  const { all } = app.view;
  const having = (/** @type {Column[]} */ columns) => columns.filter((column) => rows.some((row) => column.text(row)));
  const parameters = having(app.parameters);
  const same = parameters.filter((column) => !differs(column, rows));
  const differing = parameters.filter((column) => differs(column, rows));
  const metrics = having(app.metrics);
  const fields = having(FIELDS_COMPARED.map((key) => app.fields[key])).filter((column) => all || differs(column, rows));
  const isOne = rows.length === 1;
  const title = isOne ? 'parameters' : `parameters: ${differing.length} differ, ${same.length} the same`;
  return [
    ...block(title, isOne || all ? parameters : differing, rows),
    ...(same.length && !isOne && !all ? [sameLine(same, rows)] : []),
    ...block('measured', all || isOne ? metrics : metrics.filter((column) => differs(column, rows)), rows),
    ...block('run', fields, rows),
  ];
}

/**
 * Return whether rows differ in a column: in their values, or, if these are fields such as times, in what is shown.
 * @param {Column} column
 * @param {Row[]} rows
 */
function differs(column, rows) {
  return column.kind === 'field' ? rows.some((row) => column.text(row) !== column.text(rows[0])) : varies(column, rows);
}

/**
 * @param {string} title
 * @param {Column[]} columns
 * @param {Row[]} rows
 */
function block(title, columns, rows) {
  if (!columns.length) return [];
  const above = el('tr', { class: 'title' }, el('th', { colSpan: 2 * rows.length + 1 }, title));
  return [above, ...columns.map((column) => comparedLine(column, rows))];
}

/**
 * @param {Column[]} columns
 * @param {Row[]} rows
 */
function sameLine(columns, rows) {
  const text = columns.map((column) => `${column.heading} ${column.text(rows[0])}`).join(' · ');
  return el('tr', {}, el('th', {}, 'same in all'), el('td', { class: 'left note', colSpan: 2 * rows.length }, text));
}

/**
 * @param {Column} column
 * @param {Row[]} rows
 */
function comparedLine(column, rows) {
  const best = bestOf(column, rows);
  const cells = rows.flatMap((row, place) => {
    const text = column.text(row) || '–';
    const values = shownValues(column, row);
    const isBest = best !== undefined && isFinished(row) && values.includes(best);
    const isSame = place > 0 && !differs(column, [rows[0], row]);
    return [
      el('td', { class: `${isBest ? 'best' : ''}${isSame && column.kind !== 'metric' ? ' note' : ''}` }, text),
      el('td', { class: 'difference' }, column.kind === 'metric' && place ? difference(column, row, rows[0]) : ''),
    ];
  });
  return el('tr', {}, el('th', {}, column.heading), cells);
}

/**
 * Return how much greater a value is than that of the first row; empty if either has none or several.
 * @param {Column} column
 * @param {Row} row
 * @param {Row} first
 */
function difference(column, row, first) {
  const [value, ...others] = new Set(shownValues(column, row));
  const [from, ...more] = new Set(shownValues(column, first));
  const by = others.length || more.length ? NaN : value - from;
  if (!Number.isFinite(by) || !by) return '';
  return `${by > 0 ? '+' : '\u2212'}${significant(Math.abs(by))}`;
}

/**
 * @param {Column} column
 * @param {Row[]} rows
 */
function bestOf(column, rows) {
  const done = rows.filter(isFinished);
  const values = column.better ? done.flatMap((row) => shownValues(column, row)).filter(Number.isFinite) : [];
  if (values.length < 2) return undefined;
  return column.better === 'higher' ? Math.max(...values) : Math.min(...values);
}

/** What plots share: their controls, their axes, and what a column has for a row. */
import { el, svg } from './dom.js';
import { brief } from './formats.js';
import { isWide } from './scale.js';
import { number } from './values.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./scale.js').Scale} Scale */
/** @typedef {import('./view.js').View} View */
/** @typedef {{left: number, right: number, top: number, bottom: number}} Box */

/**
 * Return the place of a row in a plot: the mean of a metric, a number, or a text; null if it has none, or several.
 * @param {Column} column
 * @param {Row} row
 * @returns {number | string | null}
 */
export function placeIn(column, row) {
  const values = column.values(row);
  if (!values.length) return null;
  if (column.kind === 'metric') {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return Number.isFinite(mean) ? mean : null;
  }
  if (values.length > 1) return null;
  if (!column.isNumber) return String(values[0] || 'yes');
  const value = column.key === 'date' ? Date.parse(values[0]) : Number(number(String(values[0])));
  return Number.isFinite(value) ? value : null;
}

/**
 * Return whether a row has no place in a plot because it has several values of a column.
 * @param {Row} row
 * @param {Column[]} columns
 */
export function isSeveral(row, columns) {
  return columns.some((column) => column.values(row).length > 1 && placeIn(column, row) === null && column.kind !== 'metric');
}

/**
 * List the columns that a plot can have.
 * @param {App} app
 */
export function plotted(app) {
  const { duration } = app.fields;
  const parameters = app.differing.length ? app.differing : app.parameters;
  return [...parameters, ...app.metrics, duration];
}

/**
 * Return the column with this key, or another.
 * @param {Column[]} columns
 * @param {string} key
 * @param {Column | undefined} usual
 */
export function chosen(columns, key, usual) {
  return columns.find((column) => column.key === key) ?? usual;
}

/**
 * Return whether an axis is logarithmic: as chosen, or by itself where values span a hundredfold.
 * @param {string} choice
 * @param {(number | string | null)[]} places
 */
export function isLogarithmic(choice, places) {
  const numbers = places.filter((place) => typeof place === 'number');
  if (choice) return choice === 'yes' && numbers.every((value) => value > 0);
  return isWide(numbers);
}

/**
 * Return a choice between columns.
 * @param {App} app
 * @param {string} label
 * @param {keyof View} key
 * @param {Column[]} columns
 * @param {string} value
 * @param {string} [none]
 */
export function columnChoice(app, label, key, columns, value, none) {
  const options = [...(none === undefined ? [] : [{ key: '', heading: none }]), ...columns];
  const shown = el('select', { 'aria-label': label, onchange: () => app.change({ [key]: shown.value }) },
    options.map((column) => el('option', { value: column.key, selected: column.key === value }, column.heading)));
  return el('label', {}, label, shown);
}

/**
 * Return a switch of the view.
 * @param {App} app
 * @param {string} label
 * @param {keyof View} key
 * @param {boolean} isOn
 */
export function optionSwitch(app, label, key, isOn) {
  const box = el('input', { type: 'checkbox', checked: isOn, onchange: () => app.change({ [key]: box.checked ? 'yes' : 'no' }) });
  return el('label', {}, box, label);
}

/**
 * Return the drawing of two axes: lines across for y, ticks for x.
 * @param {Box} box
 * @param {{scale: Scale, title: string, write?: (value: number) => string}} x
 * @param {{scale: Scale, title: string, write?: (value: number) => string}} y
 */
export function axes(box, x, y) {
  const across = y.scale.ticks(6).map((value) => {
    const at = y.scale.at(value);
    return svg('g', {}, svg('line', { class: 'across', x1: box.left, x2: box.right, y1: at, y2: at }),
      svg('text', { class: 'tick-label', x: box.left - 8, y: at + 4, 'text-anchor': 'end' }, (y.write ?? brief)(value)));
  });
  const down = x.scale.ticks(Math.max(2, Math.floor((box.right - box.left) / 110))).map((value) => {
    const at = x.scale.at(value);
    return svg('g', {}, svg('line', { class: 'axis', x1: at, x2: at, y1: box.bottom, y2: box.bottom + 4 }),
      svg('text', { class: 'tick-label', x: at, y: box.bottom + 17, 'text-anchor': 'middle' }, (x.write ?? brief)(value)));
  });
  return svg('g', {}, ...across, ...down,
    svg('line', { class: 'axis', x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    svg('text', { class: 'axis-title', x: box.left, y: box.top - 10, 'text-anchor': 'start' }, y.title),
    svg('text', { class: 'axis-title', x: box.right, y: box.bottom + 32, 'text-anchor': 'end' }, x.title));
}

/**
 * Return a message in place of a plot.
 * @param {string} title
 * @param {string} text
 */
export function nothing(title, text) {
  return el('div', { class: 'empty' }, el('b', {}, title), text);
}

/** The table of runs or groups: the best first, its metric beside the parameters that differ. */
import { el } from './dom.js';
import { Grid, widthOf } from './grid.js';
import { stateMark } from './states.js';
import { placeOf, varies } from './columns.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./grid.js').Cell} Cell */

const WIDTH_MAX = 220;
const SAMPLE = 300;
const METRICS_MAX = 60;
export const NARROW = matchMedia('(max-width: 640px)');

export class RunsTable {
  /**
   * @param {App} app
   * @param {HTMLElement} place
   */
  constructor(app, place) {
    this.app = app;
    this.empty = el('div', { class: 'empty', hidden: true });
    const box = el('div', { class: 'grid-place' });
    place.append(box, this.empty);
    this.grid = new Grid(box, {
      sort: (key) => this.sort(key),
      click: (row, event) => this.click(row, event),
      hover: (row) => app.hovering?.(row),
      classOf: (row) => `${app.view.selected.includes(row.key) ? 'selected' : ''} ${app.view.open === row.key ? 'open' : ''}`,
    });
    this.shown = '';
  }

  /** Show what the view asks for. */
  show() {
    const { app } = this;
    this.extent = this.extentOf(this.sortColumn());
    this.best = new Map(app.metrics.map((column) => [column.key, this.bestOf(column)]));
    this.grid.show(this.cells(), app.rows, app.view.sort, NARROW.matches ? 36 : 26);
    const shown = JSON.stringify([app.view.where, app.view.sort, app.view.groups]);
    if (this.shown && shown !== this.shown) this.grid.box.scrollTop = 0;
    this.shown = shown;
    this.empty.hidden = app.rows.length > 0;
    this.empty.replaceChildren(...emptyText(app));
  }

  sortColumn() {
    return this.app.columns().find(({ key }) => key === this.app.view.sort.replace(/^-/, ''));
  }

  /** @returns {Cell[]} */
  cells() {
    const { app } = this;
    const narrow = NARROW.matches;
    const main = app.main();
    const others = app.metrics.filter((column) => column !== main).slice(0, METRICS_MAX);
    const { experiment, group, state, duration, date, groups, tag } = app.fields;
    const hasExperiments = varies(experiment, app.every);
    return [
      this.checkboxCell(),
      { ...this.cell(state, '', narrow), draw: (row) => stateMark((row.group ?? row.run).state) },
      this.runCell(narrow),
      ...(app.view.groups ? [this.cell(group, '')] : []),
      ...(hasExperiments ? [this.cell(experiment, '')] : []),
      ...(main ? [this.cell(main, '')] : []),
      ...app.differing.map((column) => this.cell(column, 'parameters that differ')),
      ...others.map((column) => this.cell(column, 'also measured')),
      ...[duration, date].map((column) => this.cell(column, 'time')),
      ...(!app.view.groups && varies(groups, app.every) ? [this.cell(groups, '')] : []),
      ...(app.every.some((row) => row.run.tags.length) ? [this.cell(tag, '')] : []),
    ];
  }

  /** @returns {Cell} */
  checkboxCell() {
    const draw = (/** @type {Row} */ row) => {
      const isOn = this.app.view.selected.includes(row.key);
      const box = el('button', { class: 'tick', role: 'checkbox', 'aria-checked': isOn, 'aria-label': `select ${this.app.nameOf(row)}` });
      if (isOn) box.style.background = this.app.colourOf(row.key);
      return box;
    };
    return { key: '', heading: '', title: '', section: '', width: 34, isRight: false, isFixed: true, draw };
  }

  /**
   * @param {boolean} narrow
   * @returns {Cell}
   */
  runCell(narrow) {
    const { app } = this;
    const rows = app.rows.slice(0, SAMPLE);
    const names = rows.map((row) => app.nameOf(row));
    const notes = narrow ? [] : rows.map((row) => row.run.description);
    const width = Math.max(widthOf('run') + (narrow ? 16 : 26), widest(names) + 18) + Math.min(150, notes.some(Boolean) ? widest(notes) : 0);
    const draw = (/** @type {Row} */ row) => {
      const note = narrow ? '' : row.run.description;
      return el('span', { title: note ? `${row.run.id}: ${note}` : row.run.id },
        el('button', { class: 'link' }, app.nameOf(row)), note && el('span', { class: 'note' }, note));
    };
    return { key: 'run', heading: 'run', title: '', section: '', width, isRight: false, isFixed: true, draw };
  }

  /**
   * Return how a column is shown.
   * @param {Column} column
   * @param {string} section
   * @param {boolean} [iconOnly]
   * @returns {Cell}
   */
  cell(column, section, iconOnly = false) {
    const texts = this.app.rows.slice(0, SAMPLE).map(column.text);
    const mark = column.key === 'state' ? 18 : 0;
    const needed = Math.max(widthOf(column.heading) + 32, widest(texts) + mark + 22);
    const width = iconOnly ? 30 : Math.min(WIDTH_MAX, needed);
    return {
      key: column.key, heading: iconOnly ? '' : column.heading, title: this.titleOf(column), section, width,
      isRight: column.isNumber, isFixed: iconOnly || column.key === 'state', draw: (row) => this.draw(column, row),
    };
  }

  /** @param {Column} column */
  titleOf(column) {
    const name = column.name ?? column.heading;
    if (column.better) return `${name}: ${column.better} is better`;
    return column.key === this.app.view.sort.replace(/^-/, '') ? `${name}: bars from least to most shown` : name;
  }

  /**
   * @param {Column} column
   * @param {Row} row
   */
  draw(column, row) {
    const text = column.text(row);
    if (column.kind === 'field') return text;
    if (!text) return el('span', { class: 'none' }, '–');
    if (column.kind === 'parameter') return el('span', { title: text.length > 20 ? text : '' }, text);
    const isFinished = (row.group ?? row.run).state === 'finished';
    const values = column.values(row);
    const isBest = isFinished && values.includes(this.best?.get(column.key));
    const shown = el('span', { class: `number${isBest ? ' best' : ''}${isFinished ? '' : ' unfinished'}`, title: `${column.heading} = ${values.length > 1 ? text : values[0]}${isBest ? ' (the best shown)' : ''}` }, text);
    if (isFinished && this.extent && column.key === this.extent.key) shown.append(...this.bar(column, row));
    return shown;
  }

  /**
   * Return the bar of what the row is sorted by; none if that is nothing.
   * @param {Column} column
   * @param {Row} row
   */
  bar(column, row) {
    const { low, high } = this.extent ?? { low: 0, high: 1 };
    const value = placeOf(column, row, this.app.view.sort.startsWith('-'));
    if (value === null) return [];
    const share = high > low ? (value - low) / (high - low) : 1;
    const shown = el('span', { class: 'bar', 'aria-hidden': 'true' });
    shown.style.width = `${Math.max(2, 100 * Math.min(1, share))}%`;
    return [shown];
  }

  /** @param {Column | undefined} column */
  extentOf(column) {
    if (column?.kind !== 'metric') return null;
    const values = this.finished(column);
    if (!values.length) return null;
    return { key: column.key, low: values.reduce((a, b) => Math.min(a, b)), high: values.reduce((a, b) => Math.max(a, b)) };
  }

  /** @param {Column} column */
  bestOf(column) {
    const values = column.better ? this.finished(column) : [];
    if (values.length < 2) return undefined;
    return values.reduce((a, b) => (column.better === 'higher' ? Math.max(a, b) : Math.min(a, b)));
  }

  /**
   * List the finite values of finished rows.
   * @param {Column} column
   * @returns {number[]}
   */
  finished(column) {
    const done = this.app.rows.filter((row) => (row.group ?? row.run).state === 'finished');
    return done.flatMap(column.values).filter(Number.isFinite);
  }

  /** @param {string} key */
  sort(key) {
    const { sort } = this.app.view;
    const column = this.app.columns().find((other) => other.key === key);
    const isDescendingFirst = column?.kind === 'metric' ? column.better !== 'lower' : key === 'date' || key === 'run';
    const [first, second] = isDescendingFirst ? [`-${key}`, key] : [key, `-${key}`];
    this.app.change({ sort: sort === first ? second : first });
  }

  /**
   * @param {Row} row
   * @param {MouseEvent} event
   */
  click(row, event) {
    const isTick = event.target instanceof Element && event.target.closest('.tick');
    if (isTick || event.ctrlKey || event.metaKey || event.shiftKey) this.app.toggle(row.key);
    else this.app.change({ open: row.key });
  }
}

/** @param {string[]} texts */
function widest(texts) {
  const longest = [...new Set(texts)].sort((a, b) => b.length - a.length).slice(0, 5);
  return longest.reduce((most, text) => Math.max(most, widthOf(text.slice(0, 60))), 0);
}

/** @param {App} app */
function emptyText(app) {
  if (!app.every.length) return [el('b', {}, 'No runs'), 'The report was made without any run.'];
  const all = `Show all ${app.every.length.toLocaleString('en')}`;
  const button = el('button', { class: 'button', onclick: () => app.change({ where: [] }) }, all);
  return [el('b', {}, 'No run meets these conditions'), 'Remove one above, or ', button];
}

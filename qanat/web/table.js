/** The table of runs or groups: the best first, its metric beside the parameters that differ. */
import { el } from './dom.js';
import { Grid, widthOf } from './grid.js';
import { progressOf, stateMark } from './states.js';
import { placeOf, shownValues } from './columns.js';
import { chosenColumns, usualColumns } from './column_choice.js';
import { isFinished } from './data.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./grid.js').Cell} Cell */

const WIDTH_MAX = 220;
const SAMPLE = 300;
const RUNS_NAMED = 8;
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
      classOf: (row) => this.classOf(row),
    });
    this.shown = '';
    /** @type {Row[]} the rows for which the columns are drawn */
    this.rows = [];
    this.drawn = '';
  }

  /** Show what the view asks for. */
  show() {
    const { app } = this;
    const drawn = JSON.stringify([app.view.columns, NARROW.matches, app.listed.length > app.rows.length]);
    if (this.rows === app.rows && this.drawn === drawn) {
      this.grid.setRows(app.listed);
      return;
    }
    this.rows = app.rows;
    this.drawn = drawn;
    this.extent = this.extentOf(this.sortColumn());
    this.best = new Map(app.metrics.map((column) => [column.key, this.bestOf(column)]));
    this.grid.show(this.cells(), app.listed, app.view.sort, NARROW.matches ? 36 : 26);
    const shown = JSON.stringify([app.view.where, app.view.sort, app.view.groups, app.view.by]);
    if (this.shown && shown !== this.shown) this.grid.box.scrollTop = 0;
    this.shown = shown;
    this.empty.hidden = app.rows.length > 0;
    this.empty.replaceChildren(...emptyText(app));
  }

  sortColumn() {
    return this.app.columns().find(({ key }) => key === this.app.view.sort.replace(/^-/, ''));
  }

  /** @param {Row} row */
  classOf(row) {
    const { view } = this.app;
    const isMember = this.app.isPooled() && !row.pool;
    return `${view.selected.includes(row.key) ? 'selected' : ''} ${view.open === row.key ? 'open' : ''} ${isMember ? 'member' : ''}`;
  }

  /** @returns {Cell[]} */
  cells() {
    const { app } = this;
    const narrow = NARROW.matches;
    const isPooled = app.isPooled();
    const names = isPooled ? [this.poolCell(narrow), this.countCell()] : [this.runCell(narrow)];
    const shown = chosenColumns(app) ?? usualColumns(app);
    const { state } = app.fields;
    const hasState = isPooled ? app.listed.length > app.rows.length : shown.some(([column]) => column === state);
    const stateCell = this.stateCell(narrow || isPooled);
    return withRoom([this.checkboxCell(), ...(hasState ? [stateCell] : []), ...names,
      ...shown.filter(([column]) => column !== state).map(([column, section]) => this.cell(column, section))]);
  }

  /**
   * @param {boolean} iconOnly
   * @returns {Cell}
   */
  stateCell(iconOnly) {
    const { app } = this;
    const progress = (/** @type {Row} */ row) => (row.group ? '' : progressOf(row.run));
    const cell = this.cell(app.fields.state, '', iconOnly);
    const room = iconOnly ? 0 : Math.max(0, widest(app.rows.slice(0, SAMPLE).map(progress)));
    const draw = (/** @type {Row} */ row) => (row.pool ? '' : stateMark((row.group ?? row.run).state, progress(row)));
    return { ...cell, width: cell.width + room, draw };
  }

  /** @returns {Cell} */
  countCell() {
    const { groups } = this.app.fields;
    const draw = (/** @type {Row} */ row) => (row.pool ? groups.text(row) : '');
    const width = Math.max(widthOf('n') + 32, widest(this.app.rows.slice(0, SAMPLE).map(groups.text)) + 18);
    return { ...this.cell(groups, ''), heading: 'n', title: 'groups that count, and of how many if others did not finish', width, draw };
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
   * Return the cell that names the runs of pooled rows, opens these into their members, and names them.
   * @param {boolean} narrow
   * @returns {Cell}
   */
  poolCell(narrow) {
    const { app } = this;
    const isOpen = (/** @type {Row} */ row) => app.view.expanded.includes(row.key);
    const nameOf = (/** @type {Row} */ row) => (row.pool ? runsSaid(app, row) : app.nameOf(row));
    const width = Math.max(widthOf('runs') + 26, Math.min(narrow ? WIDTH_MAX / 2 : WIDTH_MAX, widest(app.listed.slice(0, SAMPLE).map((row) => `${nameOf(row)} ${row.pool ? '' : unused(app, row)}`)) + 38));
    const draw = (/** @type {Row} */ row) => {
      const name = nameOf(row);
      if (!row.pool) return el('span', { title: row.run.id }, el('button', { class: 'link' }, name), unused(app, row) && el('span', { class: 'note' }, unused(app, row)));
      return el('button', { class: 'opener', title: name, 'aria-expanded': isOpen(row), 'aria-label': `${app.nameOf(row)}: ${name}` }, el('span', { class: 'arrow', 'aria-hidden': 'true' }, isOpen(row) ? '▾' : '▸'), name);
    };
    return { key: 'run', heading: 'runs', title: '', section: '', width, isRight: false, isFixed: true, draw };
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
    if (column.kind === 'field') return el('span', { title: text.length > 20 ? text : '' }, text);
    if (!text) return el('span', { class: 'none' }, '–');
    if (column.kind === 'parameter') return el('span', { title: text.length > 20 ? text : '' }, text);
    const isDone = isFinished(row);
    const values = column.values(row);
    const isBest = isDone && (row.pool || !this.app.isPooled()) && !row.pool?.unfinished.length && shownValues(column, row).includes(this.best?.get(column.key));
    const shown = el('span', { class: `number${isBest ? ' best' : ''}${isDone ? '' : ' unfinished'}`, title: `${column.heading} = ${values.length > 1 ? text : values[0]}${isBest ? ' (the best shown)' : ''}` }, text);
    if (isDone && !(this.app.isPooled() && !row.pool) && this.extent && column.key === this.extent.key) shown.append(...this.bar(column, row));
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

  /**
   * Return the best value shown. There is none among single values beside means, which chance has a smaller part in.
   * @param {Column} column
   */
  bestOf(column) {
    const values = column.better ? this.finished(column) : [];
    const counts = this.app.rows.filter((row) => row.pool && column.values(row).length).map((row) => column.values(row).length > 1);
    if (new Set(counts).size > 1) return undefined;
    if (values.length < 2) return undefined;
    return values.reduce((a, b) => (column.better === 'higher' ? Math.max(a, b) : Math.min(a, b)));
  }

  /**
   * List the finite values of finished rows.
   * @param {Column} column
   * @returns {number[]}
   */
  finished(column) {
    return this.app.rows.filter(isFinished).flatMap((row) => shownValues(column, row)).filter(Number.isFinite);
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
    else if (row.pool) this.app.expand(row.key);
    else this.app.change({ open: row.key });
  }
}

/**
 * Return which runs a pooled row has groups of.
 * @param {App} app
 * @param {Row} row
 */
function runsSaid(app, row) {
  const runs = [...new Set((row.pool?.counted.length ? row.pool.counted : row.pool?.unfinished ?? []).map((member) => member.run))];
  const named = runs.slice(0, RUNS_NAMED).map((run) => app.nameOf({ key: run.id, run, group: null, groups: run.groups }));
  const more = runs.length > RUNS_NAMED ? `, and ${runs.length - RUNS_NAMED} more` : '';
  return named.join(', ') + more;
}

/**
 * Return why a member does not count; empty if it does.
 * @param {App} app
 * @param {Row} row
 */
function unused(app, row) {
  return app.rows.some(({ pool }) => pool?.repeated.includes(row)) ? 'repeated later' : '';
}

/**
 * Widen the last column of each section that is narrower than its own heading.
 * @param {Cell[]} cells
 */
function withRoom(cells) {
  let width = 0;
  cells.forEach((cell, place) => {
    width = (cell.section === cells[place - 1]?.section ? width : 0) + cell.width;
    const isLast = cell.section && cell.section !== cells[place + 1]?.section;
    if (isLast) cell.width += Math.max(0, widthOf(cell.section) + 8 - width);
  });
  return cells;
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

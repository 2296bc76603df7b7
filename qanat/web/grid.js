/** A table that draws only the rows in sight. */
import { el } from './dom.js';

/** @typedef {import('./data.js').Row} Row */

/**
 * @typedef {object} Cell
 * @property {string} key
 * @property {string} heading
 * @property {string} title what a tooltip of the heading says
 * @property {string} section a heading above several columns; empty for none
 * @property {number} width
 * @property {boolean} isRight
 * @property {boolean} isFixed whether it stays when the table is scrolled sideways
 * @property {(row: Row) => Node | string} draw
 */

/**
 * @typedef {object} GridEvents
 * @property {(key: string) => void} sort
 * @property {(row: Row, event: MouseEvent) => void} click
 * @property {(row: Row | null) => void} hover
 * @property {(row: Row) => string} classOf
 */

const MARGIN_ROWS = 8;
const PRINTED_ROWS_MAX = 500;

export class Grid {
  /**
   * @param {HTMLElement} place
   * @param {GridEvents} events
   */
  constructor(place, events) {
    this.events = events;
    this.head = el('div', { class: 'grid-head', role: 'rowgroup' });
    this.body = el('div', { class: 'grid-body', role: 'rowgroup' });
    this.box = el('div', { class: 'grid', role: 'table', tabIndex: 0, 'aria-label': 'runs' }, this.head, this.body);
    place.replaceChildren(this.box);
    /** @type {Cell[]} */
    this.cells = [];
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Map<number, HTMLElement>} */
    this.drawn = new Map();
    this.rowHeight = 26;
    this.box.addEventListener('scroll', () => this.draw());
    addEventListener('beforeprint', () => this.drawFor(PRINTED_ROWS_MAX));
    addEventListener('afterprint', () => this.redraw());
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.body.addEventListener('pointerover', (event) => this.events.hover(this.rowAt(event)));
    this.body.addEventListener('pointerleave', () => this.events.hover(null));
    this.body.addEventListener('click', (event) => {
      const row = this.rowAt(event);
      if (row) this.events.click(row, event);
    });
  }

  /**
   * Show these columns and rows; `sort` is the key of a column, with `-` before it for the greatest first.
   * @param {Cell[]} cells
   * @param {Row[]} rows
   * @param {string} sort
   * @param {number} rowHeight
   */
  show(cells, rows, sort, rowHeight) {
    this.cells = cells;
    this.rowHeight = rowHeight;
    this.box.style.setProperty('--columns', `${cells.map((cell) => `${cell.width}px`).join(' ')} 1fr`);
    this.box.style.setProperty('--row', `${rowHeight}px`);
    const width = cells.reduce((sum, cell) => sum + cell.width, 0);
    this.head.style.minWidth = this.body.style.minWidth = `${width}px`;
    this.head.replaceChildren(...this.headings(sort));
    this.box.setAttribute('aria-colcount', String(cells.length));
    this.setRows(rows);
  }

  /**
   * Show other rows in the same columns.
   * @param {Row[]} rows
   */
  setRows(rows) {
    this.rows = rows;
    this.box.setAttribute('aria-rowcount', String(rows.length + 1));
    this.redraw();
  }

  /** Draw all rows in sight again. */
  redraw() {
    this.body.style.height = `${this.rows.length * this.rowHeight}px`;
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.draw();
  }

  /** Draw the rows that have come into sight, and remove the others. */
  draw() {
    const top = this.box.scrollTop;
    const first = Math.max(0, Math.floor(top / this.rowHeight) - MARGIN_ROWS);
    this.drawBetween(first, Math.ceil((top + this.box.clientHeight) / this.rowHeight) + MARGIN_ROWS);
  }

  /**
   * Draw the first rows, for paper, on which nothing can be scrolled.
   * @param {number} count
   */
  drawFor(count) {
    this.drawBetween(0, count);
    this.body.style.height = `${Math.min(count, this.rows.length) * this.rowHeight}px`;
  }

  /**
   * @param {number} first
   * @param {number} end
   */
  drawBetween(first, end) {
    const last = Math.min(this.rows.length, end);
    for (const [place, row] of this.drawn) {
      if (place >= first && place < last) continue;
      row.remove();
      this.drawn.delete(place);
    }
    const added = [];
    for (let place = first; place < last; place += 1) {
      if (this.drawn.has(place)) continue;
      const row = this.drawRow(place);
      this.drawn.set(place, row);
      added.push(row);
    }
    this.body.append(...added);
  }

  /**
   * Move a row into sight.
   * @param {string} key
   */
  scrollTo(key) {
    const place = this.rows.findIndex((row) => row.key === key);
    const top = place * this.rowHeight;
    const room = this.box.clientHeight - this.head.offsetHeight - this.rowHeight;
    if (place >= 0 && (top < this.box.scrollTop || top > this.box.scrollTop + room)) this.box.scrollTop = top - room / 2;
  }

  /** @param {string} sort */
  headings(sort) {
    const sections = this.cells.map((cell, place) => {
      const isFirst = cell.section && cell.section !== this.cells[place - 1]?.section;
      const label = isFirst && el('span', {}, cell.section);
      if (label) label.style.maxWidth = `${this.widthFrom(place) - 12}px`;
      const shown = el('div', { class: `section${cell.section ? ' named' : ''}` }, label);
      return this.placed(shown, cell, place);
    });
    const names = this.cells.map((cell, place) => {
      const order = sort === cell.key ? '↑' : sort === `-${cell.key}` ? '↓' : '';
      const label = cell.heading && el('button', { title: cell.title, onclick: () => this.events.sort(cell.key) }, cell.heading, order && el('span', { class: 'order' }, order));
      const shown = el('div', { class: order ? 'sorted' : '', role: 'columnheader' }, label);
      shown.setAttribute('aria-sort', order === '↑' ? 'ascending' : order ? 'descending' : 'none');
      return this.placed(shown, cell, place);
    });
    const hasSections = this.cells.some((cell) => cell.section);
    const above = el('div', { class: 'row sections', 'aria-hidden': 'true' }, sections);
    return [...(hasSections ? [above] : []), el('div', { class: 'row', role: 'row' }, names)];
  }

  /**
   * Return how wide the columns are that share a section, from this one on.
   * @param {number} place
   */
  widthFrom(place) {
    const { section } = this.cells[place];
    let end = place;
    while (this.cells[end]?.section === section) end += 1;
    return this.cells.slice(place, end).reduce((sum, cell) => sum + cell.width, 0);
  }

  /** @param {number} place */
  drawRow(place) {
    const row = this.rows[place];
    const cells = this.cells.map((cell, at) => this.placed(el('div', { role: 'cell' }, cell.draw(row)), cell, at));
    const shown = el('div', { class: `row ${this.events.classOf(row)}`, role: 'row', 'aria-rowindex': place + 2 }, cells);
    shown.dataset.place = String(place);
    shown.dataset.key = row.key;
    shown.style.top = `${place * this.rowHeight}px`;
    return shown;
  }

  /**
   * Give an element the side and the place of its column.
   * @param {HTMLElement} shown
   * @param {Cell} cell
   * @param {number} place
   */
  placed(shown, cell, place) {
    if (cell.isRight) shown.classList.add('right');
    if (cell.isFixed) {
      shown.classList.add('fixed');
      const left = this.cells.slice(0, place).reduce((sum, before) => sum + before.width, 0);
      shown.style.left = `${left}px`;
    }
    return shown;
  }

  /** @param {Event} event */
  rowAt(event) {
    const found = event.target instanceof Element && event.target.closest('[data-place]');
    return found instanceof HTMLElement ? this.rows[Number(found.dataset.place)] ?? null : null;
  }
}

const measuring = document.createElement('canvas').getContext('2d');

/**
 * Return how wide a text is in the table: fonts differ between machines.
 * @param {string} text
 */
export function widthOf(text) {
  if (!measuring) return text.length * 8;
  measuring.font = `600 12.5px ${getComputedStyle(document.body).fontFamily}`;
  return Math.ceil(measuring.measureText(text).width);
}

/** What the parts of the page share: the data, the view, the rows that are shown, and what happens when these change. */
import { fieldColumns, metricColumns, parameterColumns, sortedRows, varies } from './columns.js';
import { METRIC, parse } from './condition.js';
import { membersOf, rowsOf } from './data.js';
import { isLive } from './live.js';
import { SETTINGS, isSeed, pooled, seedsOf } from './pools.js';
import { Context, namesOf, search } from './search.js';
import { COLUMN_KEYS, readView, writeView } from './view.js';

/** @typedef {import('./data.js').Report} Report */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./view.js').View} View */

const SERIES = 6;

export class App {
  /** @param {Report} report */
  constructor(report) {
    this.report = report;
    this.now = 0;
    this.names = namesOf([]);
    this.fields = fieldColumns(0);
    this.byGroup = false;
    /** @type {Map<number, number>} how many runs have a number */
    this.numbers = new Map();
    /** @type {Map<string, Row>} all rows by their keys */
    this.known = new Map();
    this.computed = '';
    /** @type {string | null} what is the same in all rows, once that was asked for */
    this.same = null;
    this.isNews = false; // while the page is drawn again because of what a stream has said
    /** @type {Row[]} */
    this.every = [];
    /** @type {Column[]} */
    this.parameters = [];
    /** @type {Column[]} */
    this.differing = [];
    /** @type {Column[]} */
    this.metrics = [];
    /** @type {Row[]} what meets the conditions */
    this.kept = [];
    /** @type {Row[]} the same, with groups pooled if that is asked for, in the order of the table */
    this.rows = [];
    /** @type {Row[]} the rows of the table, with members below their rows */
    this.listed = [];
    /** @type {Map<string, number>} the colours of selected rows */
    this.slots = new Map();
    /** @type {(() => void)[]} */
    this.listeners = [];
    /** @type {((row: Row | null) => void) | null} what a plot does when the pointer is on a row of the table */
    this.hovering = null;
    /** @type {Partial<View>} what a plot draws, which the view may leave to the page */
    this.axes = {};
    this.takeRows(this.isOfGroups());
    this.usual = this.usualView();
    const first = report.views.find(({ name }) => name === report.view);
    if (first && !location.hash) history.replaceState(null, '', first.address);
    this.view = readView(location.hash, this.usual);
    this.refresh();
  }

  /** Return whether groups are shown first: a single run is one row, which says nothing. */
  isOfGroups() {
    const { runs } = this.report;
    return runs.length === 1 && runs[0].groups.length > 1;
  }

  /** @returns {View} */
  usualView() {
    const best = this.main();
    // A page that is live shows what goes on, and a report what came out.
    const sort = best?.better && !isLive() ? `${best.better === 'higher' ? '-' : ''}${best.key}` : '';
    const plots = { x: '', y: '', colour: '', logx: '', logy: 'no', metric: '', smooth: '1', logc: 'no', shade: '', lines: 'no', over: 'step', figure: '', zoom: '' };
    const table = { where: [], sort, groups: this.byGroup, by: [], expanded: [], columns: [] };
    return { tab: 'table', ...table, selected: [], open: '', all: false, ...plots };
  }

  /** Return the metric that is shown first: one whose better direction is known, or the first. */
  main() {
    return this.metrics.find((column) => column.better) ?? this.metrics[0];
  }

  /**
   * Show another report in the same view.
   * @param {Report} report
   */
  replace(report) {
    this.report = report;
    this.takeRows(this.byGroup);
    this.refresh();
    this.isNews = true;
    for (const listener of this.listeners) listener();
    this.isNews = false;
  }

  /** @param {boolean} byGroup */
  takeRows(byGroup) {
    this.byGroup = byGroup;
    this.computed = '';
    this.same = null;
    this.numbers.clear();
    for (const { number } of this.report.runs) this.numbers.set(number, (this.numbers.get(number) ?? 0) + 1);
    this.now = Date.parse(this.report.created);
    this.names = namesOf(this.report.runs.flatMap((run) => run.groups));
    this.fields = fieldColumns(this.now);
    this.every = rowsOf(this.report.runs, byGroup);
    this.parameters = parameterColumns(this.names, this.every);
    this.differing = this.parameters.filter((column) => this.every.length === 1 || varies(column, this.every));
    this.metrics = metricColumns(this.names, this.every, this.report);
  }

  /**
   * Change the view, and everything that shows it.
   * @param {Partial<View>} changes
   */
  change(changes) {
    Object.assign(this.view, changes);
    if (changes.groups !== undefined || changes.by) Object.assign(this.view, { selected: [], open: '', expanded: [] });
    history.replaceState(null, '', this.address());
    this.refresh();
    for (const listener of this.listeners) listener();
  }

  /** Return the part of the address that shows a view, by default what is shown. */
  address(view = this.view) {
    const address = writeView(view, this.usual);
    // An empty one would open the view that the page was made with.
    return address === '#' && this.report.view ? `#tab=${this.view.tab}` : address;
  }

  /**
   * Return an address in the form in which this page writes it.
   * @param {string} address
   */
  addressOf(address) {
    return writeView(this.spelled(readView(address, this.usual)), this.usual);
  }

  /**
   * Show what an address says.
   * @param {string} address
   */
  go(address) {
    history.pushState(null, '', address);
    this.reread();
  }

  /** Take the view from the address. */
  reread() {
    this.view = readView(location.hash, this.usual);
    this.refresh();
    for (const listener of this.listeners) listener();
  }

  refresh() {
    const byGroup = this.view.groups || this.isPooled();
    if (byGroup !== this.byGroup) this.takeRows(byGroup);
    this.view = this.spelled(this.view);
    const { where, sort, by } = this.view;
    const computed = JSON.stringify([where, sort, by]);
    if (computed !== this.computed) this.computeRows();
    this.computed = computed;
    const isOpen = (/** @type {Row} */ row) => row.pool && this.view.expanded.includes(row.key);
    this.listed = this.rows.some(isOpen) ? this.rows.flatMap((row) => (isOpen(row) ? [row, ...this.sorted(membersOf(row))] : [row])) : this.rows;
    this.colour();
  }

  /**
   * Return a view with the keys of its columns as the page writes them: a metric may be named as in conditions, without `metric.`.
   * @param {View} view
   * @returns {View}
   */
  spelled(view) {
    const known = new Set(this.columns().map(({ key }) => key));
    const spell = (/** @type {string} */ name) => {
      if (known.has(name)) return name;
      const metric = name.replace(/^(-?)/, `$1${METRIC}`);
      return known.has(metric.replace(/^-/, '')) ? metric : name;
    };
    const said = COLUMN_KEYS.map((key) => [key, view[key]]);
    return { ...view, ...Object.fromEntries(said.map(([key, value]) => [key, Array.isArray(value) ? value.map(spell) : spell(String(value))])) };
  }

  /** Filter, pool and sort the rows. */
  computeRows() {
    const searches = this.view.where.map((text) => this.searchOf(text)).filter((found) => found !== null);
    this.kept = searches.length ? this.every.filter((row) => searches.every((meets) => meets(row))) : this.every;
    this.rows = this.sorted(this.isPooled() ? this.pools() : this.kept);
    this.known = new Map([...this.every, ...(this.isPooled() ? this.rows : [])].map((row) => [row.key, row]));
  }

  /** @param {Row[]} rows */
  sorted(rows) {
    const column = this.columns().find(({ key }) => key === this.view.sort.replace(/^-/, ''));
    return column ? sortedRows(rows, column, this.view.sort.startsWith('-')) : rows;
  }

  /** Return whether rows are groups that are pooled by what the view names. */
  isPooled() {
    return this.view.by.length > 0;
  }

  /** List the parameters by which groups are pooled; none if these are all but the seeds. */
  poolingColumns() {
    const { by } = this.view;
    return by.includes(SETTINGS) ? [] : by.map((key) => this.parameters.find((column) => column.key === key)).filter((column) => column !== undefined);
  }

  pools() {
    const columns = this.poolingColumns();
    return pooled(this.kept, this.report.seeds, columns.length ? columns.map((column) => column.values) : null);
  }

  /** List all columns that rows can be sorted by. */
  columns() {
    return [...Object.values(this.fields), ...this.parameters, ...this.metrics];
  }

  /**
   * Return the test that a condition stands for; null if it is not understood, as one from an old address.
   * @param {string} text
   */
  searchOf(text) {
    try {
      return this.check(text);
    } catch {
      return null;
    }
  }

  /**
   * Return the test that a condition stands for. Throws ConditionError.
   * @param {string} text
   */
  check(text) {
    return search(parse(text), new Context(text, this.names, this.now));
  }

  /** Give each selected row a colour that it keeps. */
  colour() {
    const selected = new Set(this.view.selected);
    for (const key of this.slots.keys()) if (!selected.has(key)) this.slots.delete(key);
    const taken = new Set(this.slots.values());
    let slot = 0;
    for (const key of selected) {
      if (this.slots.has(key)) continue;
      while (taken.has(slot)) slot += 1;
      taken.add(slot);
      this.slots.set(key, slot);
    }
  }

  /**
   * Return the colour of a selected row, as a value for a style; empty if it is not selected.
   * @param {string} key
   */
  colourOf(key) {
    const slot = this.slots.get(key);
    return slot === undefined ? '' : `var(--series-${slot % SERIES})`;
  }

  /**
   * Select a row, or no longer.
   * @param {string} key
   */
  toggle(key) {
    this.change({ selected: toggled(this.view.selected, key) });
  }

  /**
   * Show the members of a pooled row below it, or no longer.
   * @param {string} key
   */
  expand(key) {
    this.change({ expanded: toggled(this.view.expanded, key) });
  }

  /** Return the selected rows that exist, in the order in which they were selected. */
  selection() {
    return this.view.selected.map((key) => this.known.get(key)).filter((row) => row !== undefined);
  }

  /**
   * Return the row that is so many rows below the one whose page is shown; pooled rows have no page.
   * @param {number} by
   */
  beside(by) {
    const rows = this.listed.filter((row) => !row.pool);
    const place = rows.findIndex((row) => row.key === this.view.open);
    return place < 0 ? undefined : rows[place + by];
  }

  /** Return the row whose page is shown. */
  opened() {
    const row = this.known.get(this.view.open);
    return row?.pool ? undefined : row;
  }

  /**
   * Return what a row is called, as short as possible.
   * @param {Row} row
   */
  nameOf(row) {
    if (row.pool) return this.settingOf(row);
    const { number } = row.run;
    const isOnly = this.numbers.get(number) === 1;
    return `${isOnly ? number : row.run.id}${row.group && row.run.group_count > 1 ? `.${row.group.number}` : ''}`;
  }

  /**
   * Return what a row is called in a sentence.
   * @param {Row} row
   */
  titleOf(row) {
    return row.pool ? this.nameOf(row) : `run ${this.nameOf(row)}`;
  }

  /**
   * Return the parameters that tell pooled rows apart, and the code where that does.
   * @param {Row} row
   */
  settingOf(row) {
    const seeds = seedsOf(row, this.report.seeds);
    const columns = this.poolingColumns();
    const telling = columns.length ? columns : this.differing.filter((column) => !isSeed(column.key, seeds));
    const parts = telling.map((column) => [column.heading, column.text(row)]).filter(([, text]) => text);
    const code = this.rows.some((other) => other.run.code !== row.run.code) ? [['commit', row.run.commit.slice(0, 7)]] : [];
    return [...parts, ...code].map((part) => part.join(' ')).join(', ') || 'all groups';
  }
}

/**
 * Return a list with an entry added, or without it.
 * @param {string[]} list
 * @param {string} entry
 */
function toggled(list, entry) {
  return list.includes(entry) ? list.filter((other) => other !== entry) : [...list, entry];
}

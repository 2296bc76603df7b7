/** The page: its header, its views, its keys. */
import { App } from './app.js';
import { showComparison } from './compare.js';
import { showCurves } from './curves.js';
import { readReport, withCurves } from './data.js';
import { byId, copy, el } from './dom.js';
import { exportButtons } from './export.js';
import { showDrawer } from './drawer.js';
import { showFigures, showZoomed, zoomTakes } from './figures.js';
import { showFilters } from './filters.js';
import { follow, isLive, silence } from './live.js';
import { showParallel } from './parallel.js';
import { viewChoice } from './saved.js';
import { showScatter } from './scatter.js';
import { arePartsBeside, part } from './parts.js';
import { nothing } from './plot.js';
import { NARROW, RunsTable } from './table.js';
import { showTray } from './tray.js';

takeTheme();
if (arePartsBeside()) byId('main').append(nothing('Loading data.html', 'Keep it in the folder of this page, with the other files of the report.'));
const app = new App(readReport(await part('data')));
byId('main').replaceChildren();
const panel = el('section', { id: 'panel', 'aria-label': 'view' });
byId('main').append(panel);
const table = new RunsTable(app, byId('main'));
/** @type {Record<string, [string, (() => void) | null]>} by name, the title of a view and what draws it above the table */
const TABS = {
  table: ['Table', null],
  compare: ['Compare', () => showComparison(app, panel)],
  scatter: ['Scatter', () => showScatter(app, panel)],
  parallel: ['Parallel', () => showParallel(app, panel)],
  curves: ['Curves', () => showCurves(app, panel)],
  figures: ['Figures', () => showFigures(app, panel)],
};

/** Return the name of the view that is shown; an address may name one that does not exist. */
function tabName() {
  return Object.hasOwn(TABS, app.view.tab) ? app.view.tab : 'table';
}

/** Draw everything that the view has changed. */
function show() {
  const [, draw] = TABS[tabName()];
  byId('main').dataset.tab = tabName();
  showFilters(app, Object.keys(TABS));
  showTray(app);
  app.hovering = null;
  app.axes = {};
  if (draw) draw();
  else panel.replaceChildren();
  drawnAt = `${panel.clientWidth} ${panel.clientHeight}`;
  table.show();
  showHeader(); // after the plot, which it offers to save
  showDrawer(app);
  showZoomed(app);
}

let drawnAt = '';

/** Draw a plot again if its place has another size now. */
function redrawPlot() {
  const size = `${panel.clientWidth} ${panel.clientHeight}`;
  if (size !== drawnAt && panel.querySelector('.chart')) TABS[tabName()][1]?.();
  drawnAt = size;
}

function showHeader() {
  const experiments = [...new Set(app.report.runs.map((run) => run.experiment))];
  const title = experiments.length === 1 ? experiments[0] : app.report.project;
  const notes = app.report.notes.length ? el('span', { class: 'note wide', title: app.report.notes.join('\n') }, app.report.notes[0]) : null;
  byId('header').replaceChildren(
    el('h1', {}, title, experiments.length === 1 && el('small', { class: 'wide' }, app.report.project)), tabs(),
    el('span', { class: 'silence', role: 'status' }, silence()), notes ?? '',
    el('span', { class: 'grow' }),
    el('span', { class: 'saving' }, exportButtons(app)),
    ...viewChoice(app), el('button', { class: 'button quiet', onclick: copyAddress }, 'Copy link'),
    el('button', { class: 'button quiet', title: 'light or dark', onclick: changeTheme }, '◐ Theme'),
  );
  byId('header').querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function tabs() {
  const choice = (/** @type {string} */ name, /** @type {number} */ place) => el('button', {
    role: 'tab', title: `${TABS[name][0]} (${place + 1})`, 'aria-selected': tabName() === name,
    onclick: () => app.change({ tab: name }),
  }, TABS[name][0]);
  return el('nav', { role: 'tablist', 'aria-label': 'views' }, Object.keys(TABS).map(choice));
}

function copyAddress() {
  const along = location.protocol === 'file:' ? `; send the ${arePartsBeside() ? 'folder' : 'file'} along` : '';
  copy(location.href, `address of this view copied${along}`);
}

/** Take the theme that was chosen before, or the system's. */
function takeTheme() {
  const chosen = stored('qanat-theme');
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  document.documentElement.dataset.theme = chosen === 'dark' || chosen === 'light' ? chosen : system;
}

function changeTheme() {
  const { dataset } = document.documentElement;
  dataset.theme = dataset.theme === 'dark' ? 'light' : 'dark';
  show();
  try {
    localStorage.setItem('qanat-theme', dataset.theme);
  } catch {
    // A browser may keep nothing for files.
  }
}

/** @param {string} name */
function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Take what is beside the page and may come later than the table: drawings and curves. */
async function takeRest() {
  await part('images');
  app.replace(withCurves(app.report, await part('curves')));
  document.documentElement.dataset.whole = 'yes';
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (document.querySelector('dialog[open]')) return; // it has its own keys
  if (zoomTakes(app, event.key)) {
    if (/^Arrow|^Escape$/.test(event.key)) event.preventDefault();
    return;
  }
  const isTyping = event.target instanceof Element && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === 'Escape') {
    if (app.view.open) app.change({ open: '' });
    else if (isTyping) /** @type {HTMLElement} */ (event.target).blur();
    return;
  }
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const tab = Object.keys(TABS)[Number(event.key) - 1];
  if (tab) app.change({ tab });
  else if (event.key === 'j' || event.key === 'k') openBeside(event.key === 'j' ? 1 : -1);
  else if (event.key === 'x' && app.view.open) app.toggle(app.view.open);
  else if (event.key === '/') {
    event.preventDefault();
    byId('where').focus();
  }
}

/**
 * Open the row below or above the one that is open, or the first.
 * @param {number} by
 */
function openBeside(by) {
  const isOpen = app.listed.some((row) => row.key === app.view.open);
  const next = isOpen ? app.beside(by) : app.listed.find((row) => !row.pool);
  if (!next) return;
  app.change({ open: next.key });
  table.grid.scrollTo(next.key);
}

app.listeners.push(show);
addEventListener('hashchange', () => app.reread());
addEventListener('keydown', pressed);
NARROW.addEventListener('change', show);
new ResizeObserver(() => requestAnimationFrame(redrawPlot)).observe(panel);
show();
if (isLive()) follow(app, showHeader);
if (arePartsBeside()) takeRest();
document.documentElement.dataset.ready = 'yes';

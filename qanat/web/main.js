/** The page: its header, its views, its keys. */
import { App } from './app.js';
import { readReport } from './data.js';
import { byId, el, toast } from './dom.js';
import { showFilters } from './filters.js';
import { NARROW, RunsTable } from './table.js';

const app = new App(readReport(byId('data').textContent ?? ''));
const table = new RunsTable(app, byId('main'));

/** Draw everything that the view has changed. */
function show() {
  showHeader();
  showFilters(app);
  table.show();
}

function showHeader() {
  const experiments = [...new Set(app.report.runs.map((run) => run.experiment))];
  const title = experiments.length === 1 ? experiments[0] : app.report.project;
  const notes = app.report.notes.length ? el('span', { class: 'note wide', title: app.report.notes.join('\n') }, app.report.notes[0]) : null;
  byId('header').replaceChildren(
    el('h1', {}, title, experiments.length === 1 && el('small', { class: 'wide' }, app.report.project)), notes ?? '',
    el('span', { class: 'grow' }),
    el('button', { class: 'button quiet', onclick: copyAddress }, 'Copy link'),
    el('button', { class: 'button quiet', title: 'light or dark', onclick: changeTheme }, '◐ Theme'),
  );
}

function copyAddress() {
  const note = location.protocol === 'file:' ? 'address of this view copied; send the file along' : 'address of this view copied';
  navigator.clipboard?.writeText(location.href).then(() => toast(note), () => toast('the browser did not allow to copy'));
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

/** @param {KeyboardEvent} event */
function pressed(event) {
  const isTyping = event.target instanceof Element && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === 'Escape' && isTyping) /** @type {HTMLElement} */ (event.target).blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') {
    event.preventDefault();
    byId('where').focus();
  }
}

takeTheme();
app.listeners.push(show);
addEventListener('hashchange', () => app.reread());
addEventListener('keydown', pressed);
NARROW.addEventListener('change', show);
show();
document.documentElement.dataset.ready = 'yes';

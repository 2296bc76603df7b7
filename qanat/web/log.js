/** The end of what a group of the open run prints, as it is printed: only `qanat ui` knows it. */
import { el, isReading, visible } from './dom.js';
import { isLive } from './live.js';
import { ACTIVE_STATES } from './states.js';

/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./data.js').Run} Run */

const LINES_KEPT = 1000;
const CHARACTERS_KEPT = 200_000;
const STREAMS = ['stdout', 'stderr'];
// Colours, titles and moves of the cursor, which act on a terminal.
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

/** What is shown, and where; its text stays while the page is drawn again. */
const printed = {
  run: '', row: '', group: 0, stream: '', heard: '', isOver: false, text: '', isAtEnd: true, top: 0,
  place: el('pre', { class: 'log', tabIndex: 0, role: 'region', 'aria-label': 'output' }),
  said: el('p', { class: 'note' }),
};
/** @type {EventSource | null} */
let output = null;

printed.place.addEventListener('scroll', () => {
  const { scrollTop, clientHeight, scrollHeight } = printed.place;
  Object.assign(printed, { top: scrollTop, isAtEnd: scrollTop + clientHeight >= scrollHeight - 8 });
});
// A browser keeps few connections to one server, and nobody reads what is hidden.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) output?.close();
  else if (printed.heard && output?.readyState === EventSource.CLOSED && !printed.isOver) listen();
});

/**
 * Return the output of a run's group, with what chooses the group and the stream, and follow it.
 * @param {import('./app.js').App} app
 * @param {Row} row
 */
export function logSection(app, row) {
  if (!isLive()) return [];
  const { run } = row;
  if (printed.row !== row.key) Object.assign(printed, firstChoice(row), { run: run.id, row: row.key });
  const state = run.groups.find(({ number }) => number === printed.group)?.state ?? run.state;
  const heard = `${run.id}&${printed.group}&${printed.stream}`;
  const isOver = !ACTIVE_STATES.includes(state);
  if (heard !== printed.heard) Object.assign(printed, { heard, isOver, text: '', isAtEnd: true });
  if (!output || heard !== output.url.split('?')[1] || isOver !== printed.isOver) {
    printed.isOver = isOver;
    listen();
  } else if (printed.text) showPrinted();
  return [el('div', { class: 'log-choices' }, el('h3', {}, 'output'), streamChoice(app), !row.group && groupChoice(app, run)), printed.said, printed.place];
}

/** Show what has been printed, where it was scrolled to. */
function showPrinted() {
  const lines = printed.text.split('\n').map(lastState);
  printed.place.textContent = visible(lines.join('\n')) || (printed.isOver ? 'nothing' : 'nothing yet');
  keepLogPlace();
}

/** Put the output where it was scrolled to, after it has been moved. */
export function keepLogPlace() {
  if (isLive()) printed.place.scrollTop = printed.isAtEnd ? printed.place.scrollHeight : printed.top;
}

/** Follow nothing any more, since no run is open. */
export function closeLog() {
  output?.close();
  output = null;
  Object.assign(printed, { heard: '', row: '' });
}

/**
 * Return the group that somebody wants to read, and the stream.
 * @param {Row} row
 */
function firstChoice({ groups }) {
  const wanted = ['running', 'failed'].map((state) => groups.find((group) => group.state === state)).find(Boolean) ?? groups[0];
  return { group: wanted?.number ?? 0, stream: STREAMS[wanted?.state === 'failed' ? 1 : 0] };
}

/** @param {import('./app.js').App} app */
function streamChoice(app) {
  const choice = (/** @type {string} */ stream) => el('button', {
    'aria-pressed': stream === printed.stream, onclick: () => { printed.stream = stream; app.change({}); },
  }, stream);
  return el('span', { class: 'switch' }, STREAMS.map(choice));
}

/**
 * @param {import('./app.js').App} app
 * @param {Run} run
 */
function groupChoice(app, { groups }) {
  if (groups.length < 2) return null;
  const options = groups.map(({ number, state }) => el('option', { value: String(number) }, `group ${number}: ${state}`));
  const choice = el('select', {
    'aria-label': 'group', onchange: () => { printed.group = Number(choice.value); choice.blur(); app.change({}); },
  }, options);
  choice.value = String(printed.group);
  return choice;
}

/** Hear what is printed, from the last lines on. */
function listen() {
  output?.close();
  const heard = new EventSource(`log?${printed.heard}`);
  output = heard;
  heard.onmessage = (event) => {
    if (heard !== output) return;
    const { begins, text, note } = JSON.parse(event.data);
    printed.text = kept((begins ? '' : printed.text) + text);
    if (!isReading(printed.place)) showPrinted();
    const flag = printed.stream === 'stderr' ? ' --stderr' : '';
    printed.said.textContent = visible(note) || `The last lines. All: qanat logs ${printed.run} --group ${printed.group}${flag}`;
    if (printed.isOver) heard.close(); // it would connect again
  };
}

/**
 * Return the end of a text, from the beginning of a line if there is one.
 * @param {string} text
 */
function kept(text) {
  const end = text.slice(-CHARACTERS_KEPT);
  const lines = end.split('\n');
  return lines.length > LINES_KEPT ? lines.slice(-LINES_KEPT).join('\n') : end;
}

/**
 * Return a line as a terminal would show it at its end, after progress bars have begun it again.
 * @param {string} line
 */
function lastState(line) {
  const plain = line.replace(ESCAPES, '').replace(/[\r\x08]+$/, '');
  return plain.slice(plain.lastIndexOf('\r') + 1);
}

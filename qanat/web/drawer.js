/** The page of a run, beside the table: why it failed, how to repeat it, what it measured, and its record. */
import { varies } from './columns.js';
import { byId, copyable, el, isReading } from './dom.js';
import { figuresOf } from './figures.js';
import { brief, plural, shownDuration, shownSize, shownTime } from './formats.js';
import { closeLog, keepLogPlace, logSection } from './log.js';
import { secondsOf } from './search.js';
import { progressOf, stateMark } from './states.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./data.js').Row} Row */

const GROUPS_SHOWN = 50;
const LATER_AGAIN_MS = 500;
/** @type {HTMLElement | null} */
let before = null;
let later = 0;

/** @param {App} app */
export function showDrawer(app) {
  const place = byId('drawer');
  const row = app.opened();
  const wasOpen = !place.hidden;
  place.hidden = !row;
  if (!row) {
    closeLog();
    if (wasOpen && before?.isConnected) before.focus();
    return;
  }
  if (!wasOpen && document.activeElement instanceof HTMLElement) before = document.activeElement;
  const isSame = place.dataset.key === row.key && wasOpen;
  if (isSame && app.isNews && isReading(place)) {
    drawLater(app, place);
    return;
  }
  const body = el('div', { class: 'body' }, sections(app, row));
  const top = isSame ? place.querySelector('.body')?.scrollTop ?? 0 : 0;
  const focused = isSame ? controls(place).indexOf(document.activeElement) : -1;
  place.replaceChildren(head(app, row), body);
  /** @type {HTMLElement | undefined} */ (controls(place)[focused])?.focus({ preventScroll: true });
  body.scrollTop = top;
  keepLogPlace();
  place.dataset.key = row.key;
  place.setAttribute('aria-label', `run ${app.nameOf(row)}`);
  place.tabIndex = -1;
  if (!isSame) place.focus({ preventScroll: true });
}

/**
 * List what can have the focus.
 * @param {Element} place
 * @returns {(Element | null)[]}
 */
function controls(place) {
  return [...place.querySelectorAll('button, select, input, [tabindex]')];
}

/**
 * Draw the page of a run again once no text in it is selected any more.
 * @param {App} app
 * @param {Element} place
 */
function drawLater(app, place) {
  clearTimeout(later);
  later = setTimeout(() => (isReading(place) ? drawLater(app, place) : showDrawer(app)), LATER_AGAIN_MS);
}

/**
 * @param {App} app
 * @param {Row} row
 */
function head(app, row) {
  const { run } = row;
  const step = (/** @type {string} */ label, /** @type {number} */ by) => {
    const next = app.beside(by);
    return el('button', { class: 'button', disabled: !next, onclick: () => app.change({ open: next?.key }) }, label);
  };
  const isSelected = app.view.selected.includes(row.key);
  return el('div', { class: 'head' },
    el('h2', {}, `Run ${app.nameOf(row)}`, stateMark((row.group ?? run).state, row.group ? '' : progressOf(run))),
    el('div', { class: 'note' }, [run.experiment, run.id, run.description, run.tags.join(', ')].filter(Boolean).join(' · ')),
    el('div', { class: 'buttons' },
      el('button', { class: 'button', 'aria-pressed': isSelected, onclick: () => app.toggle(row.key) }, isSelected ? 'Selected ✓' : 'Select'),
      step('↑ Previous', -1), step('↓ Next', 1), el('span', { class: 'grow' }),
      el('button', { class: 'button quiet', onclick: () => app.change({ open: '' }) }, 'Close')));
}

/**
 * @param {App} app
 * @param {Row} row
 */
function sections(app, row) {
  const { run } = row;
  const { details } = run;
  const figures = section('figures', figuresOf(app, row));
  return [
    ...why(row),
    ...logSection(app, row),
    ...section('to repeat it', copyable(el('pre', {}, `qanat rerun ${run.id}${row.group ? ` --group ${row.group.number}` : ''}`))),
    ...measured(app, row),
    ...(row.groups.length > 1 ? [] : figures),
    ...section('parameters', pairs(app.parameters.map((column) => [column.heading, column.text(row)]))),
    ...section('comment', details?.comment && el('pre', { class: 'comment' }, details.comment)),
    ...groups(app, row),
    ...(row.groups.length > 1 ? figures : []),
    ...section('record', pairs(record(app, row))),
    ...section('command', details?.command && row.groups.length === 1 && el('pre', {}, commandOf(row))),
    ...section('', !details && el('p', { class: 'note' }, 'The command and other details of this run are not in the report.')),
  ];
}

/**
 * @param {string} title
 * @param {Node | string | false | null | undefined} content
 */
function section(title, content) {
  return content ? [title ? el('h3', {}, title) : null, content].filter((part) => part !== null) : [];
}

/** @param {Row} row */
function why({ run, group }) {
  const found = run.details?.failures ?? [];
  const own = group ? found.filter((failure) => failure.first === group.number || failure.groups > 1) : found;
  if (group && group.state !== 'failed') return [];
  return own.map((failure) => {
    const who = run.groups.length > 1 ? `${failure.groups > 1 ? `${plural(failure.groups, 'group')}, first: ` : ''}group ${failure.first}: ` : '';
    const lines = failure.lines.length ? failure.lines.join('\n') : 'nothing on stderr';
    return [el('h3', {}, `why it failed: ${who}${failure.reason}`), el('pre', { class: 'error' }, lines)];
  }).flat();
}

/**
 * @param {App} app
 * @param {Row} row
 */
function measured(app, row) {
  const columns = app.metrics.filter((column) => column.values(row).length);
  if (!columns.length) return [];
  const curves = row.groups.length === 1 ? row.groups[0].curves : {};
  const hasCurves = Object.keys(curves).length > 0;
  const line = (/** @type {import('./columns.js').Column} */ column) => {
    const name = column.key.replace(/^metric\./, '');
    const curve = Object.hasOwn(curves, name) ? curves[name] : undefined;
    const cells = hasCurves ? [1, 2, 3].map((place) => el('td', {}, curve ? brief(curve[place]) : '')) : [];
    const better = column.better ? el('span', { class: 'note' }, column.better === 'higher' ? ' ↑' : ' ↓') : null;
    return el('tr', {}, el('th', { title: column.better ? `${column.better} is better` : '' }, column.heading, better), el('td', {}, column.text(row)), cells);
  };
  const titles = hasCurves ? ['', 'last', 'least', 'most', 'steps'] : [];
  const heading = titles.length ? el('tr', {}, titles.map((title) => el('th', {}, title))) : null;
  return section('measured', el('table', { class: 'plain' }, heading, columns.map(line)));
}

/**
 * @param {App} app
 * @param {Row} row
 */
function groups(app, row) {
  const { run } = row;
  if (row.group || run.groups.length < 2) return [];
  const main = app.main();
  const known = run.details?.groups ?? [];
  const own = groupRows(row);
  const differing = app.parameters.filter((column) => varies(column, own));
  const lines = run.groups.slice(0, GROUPS_SHOWN).map((group, place) => {
    const said = known[place]?.state ?? group.state;
    return el('tr', {}, el('td', {}, String(group.number)), el('td', { class: 'text', title: said }, stateMark(group.state)),
      el('td', {}, main ? main.text(own[place]) : ''), el('td', { class: 'text' }, differing.map((column) => `${column.heading} ${column.text(own[place])}`).join(', ')),
      el('td', { class: 'text' }, known[place]?.job ?? ''));
  });
  const titles = ['group', 'state', main?.heading ?? '', 'parameters', 'job'].map((title) => (
    el('th', { class: title === main?.heading ? '' : 'text' }, title)
  ));
  const left = run.group_count - lines.length;
  return section(plural(run.group_count, 'group'), el('div', { class: 'scroll' },
    el('table', { class: 'plain' }, el('tr', {}, titles), lines), left > 0 && el('p', { class: 'note' }, `… and ${left.toLocaleString('en')} more`)));
}

/**
 * @param {Row} row
 * @returns {Row[]}
 */
function groupRows({ run }) {
  return run.groups.map((group) => ({ key: `${run.id}.${group.number}`, run, group, groups: [group] }));
}

/**
 * @param {App} app
 * @param {Row} row
 * @returns {[string, string][]}
 */
function record(app, row) {
  const { run, group } = row;
  const { details } = run;
  const seconds = secondsOf(row, app.now);
  const first = group ?? (run.groups.length === 1 ? run.groups[0] : null);
  const said = first && details?.groups?.[run.groups.indexOf(first)];
  const options = Object.entries(details?.options ?? {}).map(([name, value]) => `${name}: ${value}`);
  /** @type {[string, string | null | undefined | false][]} */
  const lines = [
    ['ended as', said && said.state],
    ['launched', shownTime(run.created)],
    ['took', seconds === null ? '' : shownDuration(seconds)],
    ['author', run.author],
    ['commit', [run.commit, ...(details?.code ?? [])].join(', ')],
    ['data', run.data.join('\n')],
    ['runner', [run.runner, details?.template && `template ${details.template}`].filter(Boolean).join(', ')],
    ['options', options.join('\n')],
    ['job', said && said.job],
    ['host', first && first.host],
    ['files', details?.outputs && `${plural(details.outputs[0], 'file')}, ${shownSize(details.outputs[1])}`],
    ['directory', details?.storage],
    ['results', details?.removed && `removed on ${shownTime(details.removed)}`],
    ['repeats', details?.rerun_of],
    ['imported from', details?.origin],
  ];
  return lines.flatMap(([name, value]) => (value ? [/** @type {[string, string]} */ ([name, value])] : []));
}

/** @param {Row} row */
function commandOf({ run, group }) {
  const { details } = run;
  const place = group ? run.groups.indexOf(group) : 0;
  return `${details?.command} ${details?.groups?.[place]?.args ?? ''}`.trim();
}

/** @param {[string, string][]} entries */
function pairs(entries) {
  const kept = entries.filter(([, value]) => value);
  return kept.length ? el('dl', {}, kept.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])) : null;
}

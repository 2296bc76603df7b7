/** The conditions that rows must meet: typed, or chosen as states; each is one that `qanat runs --where` accepts. */
import { constants } from './columns.js';
import { ConditionError, nameInCondition } from './condition.js';
import { byId, el, toast } from './dom.js';
import { plural } from './formats.js';
import { withoutDashes } from './search.js';
import { SHOWN_STATES, stateMark } from './states.js';

/** @typedef {import('./app.js').App} App */

const STATES_ONLY = /^state=\w+( or state=\w+)*$/;

/** @param {App} app */
export function showFilters(app) {
  const place = byId('filters');
  const input = byId('where') ?? conditionInput(app);
  const own = app.view.where.filter((text) => !STATES_ONLY.test(text));
  place.replaceChildren(
    input, ...stateChips(app), ...rowsSwitch(app), ...(own.length ? [el('span', { class: 'line' })] : []),
    ...own.map((text) => conditionChip(app, text)), summary(app),
  );
}

/** @param {App} app */
function conditionInput(app) {
  const names = [...[...app.names.parameters].map(withoutDashes), ...[...app.names.metrics].map((name) => `metric.${name}`)];
  const known = [...names.map(nameInCondition), 'state', 'tag', 'date', 'duration', 'commit', 'author', 'description'];
  const list = el('datalist', { id: 'names' }, known.slice(0, 500).map((name) => el('option', { value: name })));
  const example = app.differing.find((column) => column.isNumber && !app.fields[column.key])?.key;
  const input = el('input', {
    id: 'where', type: 'search', list: 'names', autocomplete: 'off', spellcheck: false, 'aria-label': 'condition to add',
    placeholder: `filter, e.g. ${example ? `${example.slice(0, 20)}<0.01` : 'state=finished'}`,
    onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && add(app, input),
    oninput: () => input.classList.remove('wrong'),
  });
  document.body.append(list);
  return input;
}

/**
 * Add the condition that was typed, or say what is wrong with it.
 * @param {App} app
 * @param {HTMLInputElement} input
 */
function add(app, input) {
  const text = input.value.trim();
  if (!text) return;
  try {
    app.check(text);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    input.classList.add('wrong');
    toast(`${error.message}. ${error.hint}`);
    return;
  }
  input.value = '';
  if (!app.view.where.includes(text)) app.change({ where: [...app.view.where, text] });
  input.focus();
}

/** @param {App} app */
function stateChips(app) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const row of app.every) {
    const { state } = row.group ?? row.run;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const before = app.view.where.find((text) => STATES_ONLY.test(text)) ?? '';
  const chosen = before ? before.split(' or ').map((text) => text.slice('state='.length)) : [];
  return SHOWN_STATES.filter((state) => counts.has(state)).map((state) => {
    const isOn = chosen.includes(state);
    const next = isOn ? chosen.filter((other) => other !== state) : [...chosen, state];
    const text = next.map((other) => `state=${other}`).join(' or ');
    const where = [...app.view.where.filter((other) => other !== before), ...(text ? [text] : [])];
    const mark = stateMark(state);
    return el('button', { class: `chip${isOn ? ' on' : ''}`, 'aria-pressed': isOn, onclick: () => app.change({ where }) }, mark, String(counts.get(state)));
  });
}

/** @param {App} app */
function rowsSwitch(app) {
  if (app.report.runs.every((run) => run.groups.length === 1)) return [];
  const choice = (/** @type {string} */ label, /** @type {boolean} */ groups) =>
    el('button', { 'aria-pressed': app.view.groups === groups, onclick: () => app.change({ groups }) }, label);
  return [el('span', { class: 'line' }), el('span', { class: 'switch', role: 'group', 'aria-label': 'rows' }, choice('runs', false), choice('groups', true))];
}

/**
 * @param {App} app
 * @param {string} text
 */
function conditionChip(app, text) {
  const drop = () => app.change({ where: app.view.where.filter((other) => other !== text) });
  const problem = problemOf(app, text);
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return el('span', { class: `chip ${problem ? 'wrong' : 'on'}`, title: problem }, cut, problem && el('b', {}, 'without effect'),
    el('button', { class: 'drop', 'aria-label': `drop ${text}`, onclick: drop }, '×'));
}

/**
 * Return why a condition has no effect; empty if it has one.
 * @param {App} app
 * @param {string} text
 */
function problemOf(app, text) {
  try {
    app.check(text);
    return '';
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return `${error.message}. ${error.hint}`;
  }
}

/** @param {App} app */
function summary(app) {
  const thing = app.view.groups ? 'group' : 'run';
  const all = plural(app.every.length, thing);
  const count = app.rows.length === app.every.length ? all : `${app.rows.length.toLocaleString('en')} of ${all}`;
  const same = app.rows.length === app.every.length ? constants(app.parameters, app.every) : '';
  return el('span', { class: 'note summary', 'aria-live': 'polite' }, count, same && el('span', { class: 'wide', title: same }, ` · all with ${same}`));
}

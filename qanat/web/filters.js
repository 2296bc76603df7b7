/** The conditions that rows must meet: typed, or chosen as states; each is one that `qanat runs --where` accepts. */
import { usualColumns } from './column_choice.js';
import { constants } from './columns.js';
import { ConditionError, nameInCondition } from './condition.js';
import { membersOf } from './data.js';
import { byId, el, toast } from './dom.js';
import { plural } from './formats.js';
import { withoutDashes } from './search.js';
import { pick } from './picking.js';
import { notesOnPools } from './pool_notes.js';
import { SETTINGS } from './pools.js';
import { SHOWN_STATES, stateMark } from './states.js';
import { unknownIn } from './unknown.js';

/** @typedef {import('./app.js').App} App */

const NAMED_MAX = 30;
const CHIP_MAX = 80;
const STATES_ONLY = /^state=\w+( or state=\w+)*$/;

/**
 * @param {App} app
 * @param {string[]} tabs
 */
export function showFilters(app, tabs) {
  const place = byId('filters');
  const input = byId('where') ?? conditionInput(app);
  const own = app.view.where.filter((text) => !STATES_ONLY.test(text));
  place.replaceChildren(
    input, ...stateChips(app), ...rowsSwitch(app), ...(own.length ? [el('span', { class: 'line' })] : []),
    ...own.map((text) => conditionChip(app, text)), unknownChip(app, tabs), summary(app), poolNotes(app),
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

/**
 * Return what chooses what a row is, and the columns.
 * @param {App} app
 */
function rowsSwitch(app) {
  const { groups, by } = app.view;
  const hasGroups = app.report.runs.some((run) => run.groups.length > 1);
  const choice = (/** @type {string} */ label, /** @type {boolean} */ isOn, /** @type {() => void} */ choose, title = '') =>
    el('button', { 'aria-pressed': isOn, title, onclick: choose }, label);
  const plain = (/** @type {string} */ label, /** @type {boolean} */ value) =>
    choice(label, !by.length && groups === value, () => app.change({ groups: value, by: [] }));
  const named = app.poolingColumns().map((column) => column.heading).join(', ');
  return [el('span', { class: 'line' }), el('span', { class: 'switch', role: 'group', 'aria-label': 'rows' },
    plain('runs', false), ...(hasGroups ? [plain('groups', true)] : []),
    choice('settings', by.includes(SETTINGS), () => app.change({ by: [SETTINGS] }), 'groups that differ only in the seed, with their mean'),
    ...(app.parameters.length ? [choice(named ? `by ${shortened(named, NAMED_MAX)}` : 'by …', named !== '', () => chooseBy(app), 'groups with the same values of parameters')] : [])),
  el('button', { class: 'button quiet', onclick: () => chooseColumns(app) }, 'Columns')];
}

/**
 * Return a text with at most so many characters.
 * @param {string} text
 * @param {number} most
 */
function shortened(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** @param {App} app */
function chooseBy(app) {
  const { by } = app.view;
  pick('Group by', 'Groups with the same values of these parameters are one row, with the mean of each metric.', app.parameters,
    () => app.view.by.filter((key) => key !== SETTINGS), (keys) => app.change({ by: keys.length ? keys : by }),
    ['no grouping', () => app.change({ by: [] })]);
}

/** @param {App} app */
function chooseColumns(app) {
  const { run, group, ...fields } = app.fields;
  const shown = () => (app.view.columns.length ? app.view.columns : usualColumns(app).map(([column]) => column.key));
  pick('Columns', 'The run, or what groups share, is always shown. Columns come in the order in which they are chosen.',
    [...Object.values(fields), ...app.parameters, ...app.metrics], shown, (keys) => app.change({ columns: keys }),
    ['usual columns', () => app.change({ columns: [] })]);
}

/**
 * @param {App} app
 * @param {string} text
 */
function conditionChip(app, text) {
  const drop = () => app.change({ where: app.view.where.filter((other) => other !== text) });
  const problem = problemOf(app, text);
  return el('span', { class: `chip ${problem ? 'wrong' : 'on'}`, title: problem }, shortened(text, CHIP_MAX), problem && el('b', {}, 'without effect'),
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

/**
 * Return what says that the view names something that is missing; empty if it does not.
 * @param {App} app
 * @param {string[]} tabs
 */
function unknownChip(app, tabs) {
  const { said, changes } = unknownIn(app, tabs);
  if (!said.length) return '';
  const text = `not in this report: ${said.join(', ')}`;
  return el('span', { class: 'chip wrong', title: `${text}; without effect` }, shortened(text, CHIP_MAX),
    el('button', { class: 'drop', 'aria-label': 'drop what is not in this report', onclick: () => app.change(changes) }, '×'));
}

/** @param {App} app */
function summary(app) {
  const isWhole = app.kept.length === app.every.length;
  const all = plural(app.every.length, app.byGroup ? 'group' : 'run');
  const kept = isWhole ? all : `${app.kept.length.toLocaleString('en')} of ${all}`;
  const rows = app.view.by.includes(SETTINGS) || !app.poolingColumns().length ? 'setting' : 'row';
  const count = app.isPooled() ? [`${plural(app.rows.length, rows)} of ${kept}`, withoutRow(app)] : [kept];
  const same = isWhole ? (app.same ??= constants(app.parameters, app.every)) : '';
  return el('span', { class: 'note summary', 'aria-live': 'polite' }, ...count, same && el('span', { class: 'wide', title: same }, ` · all with ${same}`));
}

/** @param {App} app */
function poolNotes(app) {
  const notes = app.isPooled() ? notesOnPools(app) : [];
  return notes.length ? el('span', { class: 'note wide pooling', title: notes.join('\n') }, notes.join(' · ')) : '';
}

/**
 * Return how many groups no pooled row has: those of runs of which none finished, and failed ones that were repeated.
 * @param {App} app
 */
function withoutRow(app) {
  const pooled = app.rows.reduce((sum, row) => sum + membersOf(row).length, 0);
  const left = app.kept.length - pooled;
  const why = 'Runs of which no group has finished are left out, and failed groups that were repeated.';
  return left ? el('span', { title: why }, `, ${left.toLocaleString('en')} left out`) : null;
}

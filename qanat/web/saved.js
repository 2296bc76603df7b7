/** Saved views: those of the project in the header, and this one as a file of theirs. */
import { copyable, el, openDialog } from './dom.js';
import { writeView } from './view.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./view.js').View} View */

const PLAIN_YAML = /^[A-Za-z][\w.]*$/;
const WORDS = /^(true|false|null|yes|no|on|off|y|n)$/i;
const NUMBERS = ['smooth'];
const CHOICES = ['logx', 'logy', 'logc', 'lines'];

/**
 * Return the choice between the saved views, and the button that saves one.
 * @param {App} app
 */
export function viewChoice(app) {
  const { views } = app.report;
  const now = views.find(({ address }) => app.addressOf(address) === app.address());
  const choose = () => {
    const chosen = views[Number(shown.value)];
    if (chosen) app.go(chosen.address);
  };
  const shown = el('select', { 'aria-label': 'saved views', title: now?.description || 'saved views', onchange: choose },
    el('option', { value: '', selected: !now }, 'Views'),
    views.map((view, place) => el('option', { value: String(place), selected: view === now, title: view.description }, view.name)));
  return [...(views.length ? [shown] : []), el('button', { class: 'button quiet wide', onclick: () => showSaving(app) }, 'Save view')];
}

/**
 * Show what to type to save this view, and the file that this writes.
 * @param {App} app
 */
function showSaving(app) {
  const command = el('pre', {});
  const file = el('pre', { class: 'file' });
  const view = { ...app.view, ...app.axes };
  const name = el('input', { type: 'text', value: 'my_view', spellcheck: false, oninput: () => write() });
  const write = () => {
    const said = name.value.trim() || 'my_view';
    command.textContent = `qanat view new ${inShell(said)} --address ${inShell(app.address(view))}`;
    file.textContent = asYaml(said, view, app.usual);
  };
  const dialog = el('dialog', { class: 'picking saving-view', 'aria-label': 'Save view' },
    el('h2', {}, 'Save view'),
    el('p', { class: 'note' }, 'The page only reads. Type this in the project to save what it shows now:'),
    el('label', {}, 'name', name), copyable(command),
    el('p', { class: 'note' }, 'or write this file, .qanat/views/NAME.yaml:'), copyable(file),
    el('div', { class: 'buttons' }, el('span', { class: 'grow' }), el('button', { class: 'button', onclick: () => dialog.close() }, 'Close')));
  write();
  openDialog(dialog);
  name.select();
}

/** @param {string} text */
function inShell(text) {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Return a view as the file that saves it: what differs from the usual one.
 * @param {string} name
 * @param {View} view
 * @param {View} usual
 */
function asYaml(name, view, usual) {
  const lines = ['schema: view/1', `name: ${yamlText(name)}`];
  const said = new URLSearchParams(writeView(view, usual).slice(1));
  for (const key of new Set(said.keys())) {
    const value = /** @type {Record<string, any>} */ (view)[key];
    if (Array.isArray(value)) lines.push(value.length ? `${key}:` : `${key}: []`, ...value.map((text) => `- ${yamlText(text)}`));
    else if (typeof value === 'boolean') lines.push(`${key}: ${value}`);
    else if (CHOICES.includes(key)) lines.push(...(value ? [`${key}: ${value === 'yes'}`] : []));
    else if (value || key === 'sort') lines.push(`${key}: ${NUMBERS.includes(key) ? Number(value) : yamlText(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Return a text as YAML: as JSON writes it, unless it is a plain word.
 * @param {string} text
 */
function yamlText(text) {
  return PLAIN_YAML.test(text) && !WORDS.test(text) ? text : JSON.stringify(text);
}

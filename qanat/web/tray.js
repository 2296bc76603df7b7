/** The selected rows, each in its colour, and what to do with them. */
import { byId, el } from './dom.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./data.js').Row} Row */

/** @param {App} app */
export function showTray(app) {
  const rows = app.selection();
  const place = byId('tray');
  place.hidden = !rows.length;
  const main = app.main();
  place.replaceChildren(
    el('span', { class: 'note wide' }, `${rows.length} selected`),
    ...rows.map((row) => el('span', { class: 'pill' },
      swatch(app.colourOf(row.key)),
      el('button', { class: 'link', onclick: () => app.change({ open: row.key }) }, app.nameOf(row)),
      main && el('span', { class: 'note wide' }, main.text(row)),
      el('button', { class: 'drop', 'aria-label': `deselect ${app.nameOf(row)}`, onclick: () => app.toggle(row.key) }, '×'))),
    el('span', { class: 'grow' }),
    el('button', { class: 'button', onclick: () => app.change({ tab: 'compare' }) }, 'Compare'),
    el('button', { class: 'button', onclick: () => app.change({ tab: 'curves' }) }, 'Curves'),
    ...(rows.some((row) => row.groups.some((group) => group.figures)) ? [el('button', { class: 'button', onclick: () => app.change({ tab: 'figures' }) }, 'Figures')] : []),
    el('button', { class: 'button quiet', onclick: () => app.change({ selected: [] }) }, 'Clear'),
  );
}

/**
 * Return a small square in a colour.
 * @param {string} colour
 */
export function swatch(colour) {
  const shown = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  shown.style.background = colour;
  return shown;
}

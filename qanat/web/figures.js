/** Figures of runs: beside each other, small on the page of a run, and one of them large. */
import { membersOf } from './data.js';
import { byId, el } from './dom.js';
import { plural, shownSize } from './formats.js';
import { isLive } from './live.js';
import { arePartsBeside } from './parts.js';
import { nothing } from './plot.js';
import { swatch } from './tray.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./data.js').Figure} Figure */
/** @typedef {import('./data.js').Group} Group */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {{row: Row, of: Row, group: Group, name: string, figures: Figure[]}} Shown a group with its figures, of a row and perhaps one of its members */

const COLUMNS_MAX = 12;
const FIRST_SHOWN = 3;
const SMALL_MAX = 6;
/** @type {Set<string>} rows whose pages show all figures */
const withAllFigures = new Set();
/** @type {Record<string, string>} */
const TYPES = { jpg: 'jpeg', svg: 'svg+xml' };
/** @type {Record<string, string> | null} */
let embedded = null;
/** @type {Map<string, HTMLImageElement>} images that are shown, so that they do not flicker when all is drawn again */
const pictures = new Map();

/**
 * Return where an image is; empty if the report has only its name.
 * @param {Figure} figure
 */
function addressOf(figure) {
  const text = byId('images').textContent;
  if (text) embedded ??= /** @type {Record<string, string>} */ (JSON.parse(text));
  if (embedded && Object.hasOwn(embedded, figure.image)) {
    const suffix = figure.image.split('.').pop() ?? '';
    return `data:image/${TYPES[suffix] ?? suffix};base64,${embedded[figure.image]}`;
  }
  if (document.documentElement.dataset.figures !== 'beside' || (!isLive() && figure.image.endsWith('.svg'))) return '';
  return `figures/${figure.image}${isLive() ? `?${Date.parse(figure.modified)}` : ''}`;
}

/**
 * Return the image of a figure, or a text in its place. Programs wrote it, so it is never anything but an image.
 * @param {Figure} figure
 * @param {string} place
 * @param {string} who
 */
function pictureOf(figure, place, who) {
  const key = `${place} ${figure.image} ${figure.modified}`;
  const before = pictures.get(key);
  if (before) return before;
  const src = addressOf(figure);
  if (!src) return el('span', { class: 'missing note' }, `${shownSize(figure.bytes)}, not ${arePartsBeside() ? 'loaded' : 'in this file'}`);
  const image = el('img', { src, alt: `${figure.name} of run ${who}`, loading: 'lazy', decoding: 'async' });
  image.onerror = () => { pictures.delete(key); image.replaceWith(el('span', { class: 'missing note' }, 'cannot be shown')); };
  pictures.set(key, image);
  return image;
}

/**
 * List the groups of rows that have figures, and what they are called.
 * @param {App} app
 * @param {Row[]} rows
 * @returns {Shown[]}
 */
function withFigures(app, rows) {
  return rows.flatMap((row) => membersOf(row).flatMap((of) => of.groups.filter((group) => group.figures?.length).map((group) => {
    const isPart = !of.group && of.run.groups.length > 1;
    return { row, of, group, name: app.nameOf(of) + (isPart ? `.${group.number}` : ''), figures: group.figures ?? [] };
  })));
}

/** @param {App} app */
function chosenRows(app) {
  const selected = app.selection();
  return selected.length ? selected : app.rows.filter((row) => withFigures(app, [row]).length).slice(0, FIRST_SHOWN);
}

/**
 * Return the figures of selected rows: a line for each name, a column for each group.
 * @param {App} app
 */
function tableOf(app) {
  const rows = chosenRows(app);
  const all = withFigures(app, rows);
  const columns = all.slice(0, COLUMNS_MAX);
  const names = [...new Set(columns.flatMap(({ figures }) => figures.map(({ name }) => name)))];
  names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return { rows, columns, left: all.length - columns.length, names };
}

/**
 * @param {App} app
 * @param {HTMLElement} place
 */
export function showFigures(app, place) {
  const { rows, columns, left, names } = tableOf(app);
  if (!columns.length) {
    const hasSome = app.every.some((row) => withFigures(app, [row]).length);
    const text = hasSome
      ? `The ${app.selection().length ? 'selected runs' : 'runs in the table'} have none.`
      : 'Say which images the program writes: qanat experiment update NAME --figure "plots/*.png"';
    place.replaceChildren(nothing('No figures', text));
    return;
  }
  const name = names.includes(app.view.figure) ? app.view.figure : '';
  const choice = el('select', { 'aria-label': 'figure', onchange: () => app.change({ figure: choice.value }) },
    el('option', { value: '' }, 'all'), names.map((one) => el('option', { value: one, selected: one === name }, one)));
  const note = [
    app.selection().length ? '' : `None selected: the first ${plural(rows.length, 'row')} of the table with figures.`,
    left ? `The first ${COLUMNS_MAX} of their ${COLUMNS_MAX + left} groups.` : '',
    'A click shows a figure large.',
  ];
  const main = app.main();
  const heading = columns.map(({ row, of, group, name: who }) => el('th', { scope: 'col' },
    app.colourOf(row.key) && swatch(app.colourOf(row.key)),
    el('button', { class: 'link', onclick: () => app.change({ open: of.key }) }, `run ${who}`),
    main && el('span', { class: 'note' }, `${main.heading} ${main.text({ key: of.key, run: of.run, group, groups: [group] }) || '–'}`)));
  const lines = (name ? [name] : names).flatMap((one) => [
    el('tr', { class: 'title' }, el('th', { scope: 'rowgroup', colSpan: columns.length }, el('span', {}, one))),
    el('tr', {}, columns.map((column) => el('td', {}, column.figures.filter((figure) => figure.name === one).map((figure) => small(app, column, figure, 'panel'))))),
  ]);
  const before = place.querySelector('.scroll');
  const [top, across] = [before?.scrollTop ?? 0, before?.scrollLeft ?? 0];
  const scroll = el('div', { class: 'scroll' }, el('table', { class: `figures${name ? ' one' : ''}` },
    el('thead', {}, el('tr', {}, heading)), el('tbody', {}, lines)));
  place.replaceChildren(el('div', { class: 'controls' }, el('label', {}, 'figure', choice),
    el('span', { class: 'note wide' }, note.filter(Boolean).join(' '))), scroll);
  scroll.scrollTo(across, top);
}

/**
 * Return a figure as a button that shows it large.
 * @param {App} app
 * @param {Shown} shown
 * @param {Figure} figure
 * @param {string} place
 */
function small(app, { name }, figure, place) {
  return el('button', {
    class: 'figure', 'data-image': figure.image, title: `${figure.name}, ${shownSize(figure.bytes)}`,
    'aria-label': `${figure.name} of run ${name}`, onclick: () => app.change({ zoom: figure.image }),
  }, pictureOf(figure, place, name));
}

/**
 * Return the figures of a row for its page; null if it has none.
 * @param {App} app
 * @param {Row} row
 */
export function figuresOf(app, row) {
  const all = withFigures(app, [row]).flatMap((shown) => shown.figures.map((figure) => ({ shown, figure })));
  if (!all.length) return null;
  const isPart = row.groups.length > 1;
  const tiles = (withAllFigures.has(row.key) ? all : all.slice(0, SMALL_MAX)).map(({ shown, figure }) => el('figure', {}, small(app, shown, figure, 'drawer'),
    el('figcaption', {}, isPart ? `group ${shown.group.number}: ${figure.name}` : figure.name)));
  const showAll = () => { withAllFigures.add(row.key); app.change({}); };
  return el('div', {}, el('div', { class: 'tiles' }, tiles),
    tiles.length < all.length && el('button', { class: 'button', onclick: showAll }, `Show all ${all.length.toLocaleString('en')}`));
}

/**
 * Return the figure that is shown large, and where to go from it: to other runs, and to the run's other figures.
 * @param {App} app
 */
function zoomed(app) {
  const { zoom } = app.view;
  if (!zoom) return null;
  const { columns } = tableOf(app);
  const has = (/** @type {Shown} */ { figures }) => figures.some(({ image }) => image === zoom);
  const among = columns.some(has) ? columns : withFigures(app, app.every).filter(has);
  const place = among.findIndex(has);
  if (place < 0) return null;
  const shown = among[place];
  const at = shown.figures.findIndex(({ image }) => image === zoom);
  const { name } = shown.figures[at];
  const beside = (/** @type {number} */ by) => {
    for (let to = place + by; to >= 0 && to < among.length; to += by) {
      const found = among[to].figures.find((figure) => figure.name === name);
      if (found) return found;
    }
    return undefined;
  };
  return {
    shown, figure: shown.figures[at],
    to: { ArrowLeft: beside(-1), ArrowRight: beside(1), ArrowUp: shown.figures[at - 1], ArrowDown: shown.figures[at + 1] },
  };
}

/**
 * Show the figure that the view has large, after everything else is drawn.
 * @param {App} app
 */
export function showZoomed(app) {
  drawZoomed(app);
  for (const [key, image] of pictures) if (!image.isConnected) pictures.delete(key);
}

/** @param {App} app */
function drawZoomed(app) {
  const place = byId('zoom');
  const found = zoomed(app);
  const wasShown = place.hidden ? '' : place.dataset.image ?? '';
  place.hidden = !found;
  if (!found) {
    place.replaceChildren();
    /** @type {HTMLElement | null} */
    const origin = wasShown ? document.querySelector(`.figure[data-image="${CSS.escape(wasShown)}"]`) : null;
    origin?.focus({ preventScroll: true });
    return;
  }
  const { shown, figure, to } = found;
  const step = (/** @type {string} */ label, /** @type {string} */ title, /** @type {Figure | undefined} */ next) =>
    el('button', { class: 'button', title, disabled: !next, onclick: () => app.change({ zoom: next?.image }) }, label);
  place.dataset.image = figure.image;
  place.setAttribute('aria-label', `${figure.name} of run ${shown.name}`);
  place.replaceChildren(
    el('div', { class: 'head' }, el('h2', {}, app.colourOf(shown.row.key) && swatch(app.colourOf(shown.row.key)), `Run ${shown.name}`),
      el('span', { class: 'note' }, `${figure.name} · ${shownSize(figure.bytes)}`), el('span', { class: 'grow' }),
      step('← Run', 'the same figure of the run before (←)', to.ArrowLeft), step('Run →', 'the same figure of the next run (→)', to.ArrowRight),
      step('↑ Figure', 'the figure before (↑)', to.ArrowUp), step('↓ Figure', 'the next figure (↓)', to.ArrowDown),
      el('button', { class: 'button quiet', onclick: () => app.change({ zoom: '' }) }, 'Close')),
    el('button', { class: 'large', 'aria-label': 'close', onclick: () => app.change({ zoom: '' }) }, pictureOf(figure, 'zoom', shown.name)),
  );
  place.focus({ preventScroll: true });
}

/**
 * Take a key while a figure is large; return whether it was one for it.
 * @param {App} app
 * @param {string} key
 */
export function zoomTakes(app, key) {
  const found = zoomed(app);
  if (!found) return false;
  const next = key === 'Escape' ? { image: '' } : /** @type {Record<string, Figure | undefined>} */ (found.to)[key];
  if (next) app.change({ zoom: next.image });
  return true;
}

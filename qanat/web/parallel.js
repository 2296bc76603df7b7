/** Parallel coordinates: a line for each row through its parameters to what it measured; a brush is a condition. */
import { drawnAxes } from './brushes.js';
import { el } from './dom.js';
import { plural } from './formats.js';
import { columnChoice, isLogarithmic, isSeveral, nothing, placeIn, plotted, chosen } from './plot.js';
import { Scale, extentOf, viridis } from './scale.js';
import { NARROW } from './table.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {{column: Column, at: number, scale: Scale, names: (string | number)[], isLog: boolean, isFlipped: boolean}} Axis */
/** @typedef {{app: App, axes: Axis[], top: number, bottom: number, width: number, height: number, apart: number}} Layout */

const AXES_MAX = 12;
const NARROW_AXES_MAX = 4;
const BEST_MAX = 200;
const LINES_MAX = 1200;
const GREY_MAX = 400;
const SLICE_MS = 12;
const NAMES_MAX = 6;
const PAST = [3, 4];

/** @type {{rows: Row[], for: string, place: Element, mark: (row: Row | null) => void, axes: App['axes']} | null} what is drawn */
let drawing = null;

/**
 * @param {App} app
 * @param {HTMLElement} place
 */
export function showParallel(app, place) {
  const wanted = JSON.stringify([place.clientWidth, place.clientHeight, app.view.shade, app.view.selected.length > 0, app.view.where,
    document.documentElement.dataset.theme]);
  // Lines stay if only other rows are selected, or a row is opened.
  if (drawing?.rows === app.rows && drawing.for === wanted && drawing.place.isConnected) drawing.mark(null);
  else drawing = { rows: app.rows, for: wanted, ...drawParallel(app, place) };
  Object.assign(app, { hovering: drawing.mark, axes: drawing.axes });
}

/**
 * Draw everything, and return where that is, and what marks a row.
 * @param {App} app
 * @param {HTMLElement} place
 */
function drawParallel(app, place) {
  const usual = app.main() ?? plotted(app).find((column) => hasPlace(app.every, column));
  const colour = chosen(plotted(app), app.view.shade, usual);
  const columns = axisColumns(app, drawnRows(app).filter((row) => !colour || placeIn(colour, row) !== null));
  if (columns.length < 2) {
    place.replaceChildren(nothing('Nothing to draw', 'Parallel coordinates need two parameters or metrics that differ.'));
    return { place: place.children[0], mark: () => {}, axes: {} };
  }
  const note = el('span', { class: 'note wide' });
  const chart = el('div', { class: 'chart' });
  place.replaceChildren(
    el('div', { class: 'controls' }, columnChoice(app, 'colour', 'shade', plotted(app), colour?.key ?? ''), note), chart,
  );
  const layout = layoutOf(app, columns, chart.clientWidth, chart.clientHeight);
  const [below, above] = [layer(layout), layer(layout)];
  chart.replaceChildren(below.canvas, above.canvas, drawnAxes(layout));
  const { lines, said } = linesOf(app, colour);
  note.textContent = `${said}${several(app, [...columns, ...(colour ? [colour] : [])])}Drag along an axis to keep a range, which becomes a condition; click it to drop it.`;
  drawInSlices(layout, below, lines);
  const mark = (/** @type {Row | null} */ hovered) => drawMarked(layout, above, hovered);
  mark(null);
  return { place: chart, mark, axes: colour ? { shade: colour.key } : {} };
}

/**
 * Return how many rows lack a place on an axis because they have several values; empty if none does.
 * @param {App} app
 * @param {Column[]} columns
 */
function several(app, columns) {
  const shown = [...new Set([...columns, ...app.differing])];
  const count = app.rows.filter((row) => isSeveral(row, shown)).length;
  const what = plural(count, app.isPooled() ? 'row' : 'run');
  return count ? `${what} ${count === 1 ? 'has' : 'have'} several values of a parameter: choose groups to see each. ` : '';
}

/**
 * @param {Row[]} rows
 * @param {Column} column
 */
function hasPlace(rows, column) {
  return rows.some((row) => placeIn(column, row) !== null);
}

/**
 * Return the rows that have lines, in colour or grey: pooled ones are made of what meets the conditions.
 * @param {App} app
 */
function drawnRows(app) {
  return app.isPooled() ? app.rows : app.every;
}

/**
 * List the columns that get an axis: parameters that any of the rows can be drawn with, then metrics.
 * @param {App} app
 * @param {Row[]} rows
 */
function axisColumns(app, rows) {
  const main = app.main();
  const others = app.metrics.filter((column) => column !== main && column.better).slice(0, 2);
  const ends = main ? [...others, main] : [];
  const most = NARROW.matches ? NARROW_AXES_MAX : AXES_MAX;
  const ending = NARROW.matches ? ends.slice(-1) : ends;
  const columns = app.differing.filter((column) => hasPlace(rows, column));
  return [...columns.slice(0, most - ending.length), ...ending];
}

/**
 * @param {App} app
 * @param {Column[]} columns
 * @param {number} width
 * @param {number} height
 * @returns {Layout}
 */
function layoutOf(app, columns, width, height) {
  const [left, right, top, bottom] = [NARROW.matches ? 52 : 56, width - (NARROW.matches ? 36 : 64), 44, height - 14];
  const apart = (right - left) / (columns.length - 1);
  const axes = columns.map((column, place) => {
    const at = left + place * apart;
    return axisOf(app, column, at, top, bottom);
  });
  return { app, axes, top, bottom, width, height, apart };
}

/**
 * @param {App} app
 * @param {Column} column
 * @param {number} at
 * @param {number} top
 * @param {number} bottom
 * @returns {Axis}
 */
function axisOf(app, column, at, top, bottom) {
  const places = app.every.map((row) => placeIn(column, row)).filter((place) => place !== null);
  const different = [...new Set(places)];
  const isNamed = !column.isNumber || (column.kind === 'parameter' && different.length <= NAMES_MAX);
  const names = isNamed ? different.sort((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1)) : [];
  const isLog = !isNamed && column.kind === 'parameter' && isLogarithmic('', places);
  const isFlipped = column.better === 'lower';
  const numbers = places.filter((place) => typeof place === 'number');
  const extent = isNamed ? /** @type {[number, number]} */ ([-0.5, names.length - 0.5]) : extentOf(numbers) ?? [0, 1];
  const scale = new Scale(extent, isFlipped ? [top, bottom] : [bottom, top], isLog);
  return { column, at, scale, names, isLog, isFlipped };
}

/**
 * Return the height of a row on an axis; null if it has no place there.
 * @param {Axis} axis
 * @param {Row} row
 */
function heightOn(axis, row) {
  const place = placeIn(axis.column, row);
  if (place === null) return null;
  if (axis.names.length) return axis.scale.at(axis.names.indexOf(place));
  return axis.scale.at(Number(place));
}

/** @param {Layout} layout */
function layer({ width, height }) {
  const ratio = devicePixelRatio || 1;
  const canvas = el('canvas', { width: Math.round(width * ratio), height: Math.round(height * ratio), 'aria-hidden': 'true' });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.scale(ratio, ratio);
  return { canvas, context };
}

/**
 * Return the lines to draw, from the bottom up, and what to say if these are not all.
 * @param {App} app
 * @param {Column | undefined} colour
 */
function linesOf(app, colour) {
  const shown = app.rows.filter((row) => !colour || placeIn(colour, row) !== null);
  const kept = shown.length > LINES_MAX ? [...shown.slice(0, BEST_MAX), ...sampled(shown.slice(BEST_MAX), LINES_MAX - BEST_MAX)] : shown;
  const inside = new Set(app.rows.map((row) => row.key));
  const grey = sampled(drawnRows(app).filter((row) => !inside.has(row.key)), GREY_MAX);
  const paint = colourOf(app, colour);
  const opacity = kept.length > 400 ? 0.3 : kept.length > 60 ? 0.6 : 0.9;
  const border = styleOf('--hairline');
  const lines = [
    ...grey.map((row) => ({ row, colour: border, opacity: 1 })),
    ...[...kept].reverse().map((row) => ({ row, colour: paint(row), opacity: app.view.selected.length ? opacity / 2 : opacity })),
  ];
  const said = kept.length < shown.length ? `${kept.length.toLocaleString('en')} of ${shown.length.toLocaleString('en')} drawn: the first ${BEST_MAX} of the table, and others by chance. ` : '';
  return { lines, said };
}

/**
 * Return at most this many rows, spread evenly.
 * @param {Row[]} rows
 * @param {number} most
 */
function sampled(rows, most) {
  if (rows.length <= most) return rows;
  return Array.from({ length: most }, (_, place) => rows[Math.floor((place * rows.length) / most)]);
}

/**
 * Return the colour of rows by a column: numbers by their rank, so that most colours are used.
 * @param {App} app
 * @param {Column | undefined} column
 * @returns {(row: Row) => string}
 */
function colourOf(app, column) {
  if (!column) return () => styleOf('--accent');
  const places = drawnRows(app).map((row) => placeIn(column, row)).filter((place) => place !== null);
  if (!column.isNumber) {
    const names = [...new Set(places)].sort();
    const colours = names.map((_, place) => styleOf(`--series-${place % 6}`));
    return (row) => colours[names.indexOf(/** @type {string} */ (placeIn(column, row)))] ?? styleOf('--ink-3');
  }
  const numbers = places.map(Number).sort((a, b) => a - b);
  /** @type {Map<number, number>} */
  const ranks = new Map();
  numbers.forEach((value, place) => ranks.set(value, place / Math.max(1, numbers.length - 1)));
  return (row) => {
    const share = ranks.get(Number(placeIn(column, row))) ?? 0;
    return viridis(Math.round((column.better === 'lower' ? 1 - share : share) * 40) / 40);
  };
}

/** @param {string} name */
function styleOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Draw lines as far as there is time before the next frame, so that many do not make the page wait.
 * @param {Layout} layout
 * @param {{canvas: HTMLCanvasElement, context: CanvasRenderingContext2D}} below
 * @param {{row: Row, colour: string, opacity: number}[]} lines
 */
function drawInSlices(layout, below, lines) {
  let next = 0;
  const some = () => {
    const until = performance.now() + SLICE_MS;
    while (next < lines.length && performance.now() < until) {
      const { row, colour, opacity } = lines[next];
      next += 1;
      drawLine(layout, below.context, row, colour, 1.2, opacity);
    }
    if (next < lines.length && below.canvas.isConnected) requestAnimationFrame(some);
    else below.canvas.dataset.drawn = String(next);
  };
  some();
}

/**
 * Draw the line of a row, dashed past the axes on which it has no place.
 * @param {Layout} layout
 * @param {CanvasRenderingContext2D} context
 * @param {Row} row
 * @param {string} colour
 * @param {number} width
 * @param {number} opacity
 */
function drawLine(layout, context, row, colour, width, opacity) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.globalAlpha = opacity;
  const passed = layout.axes.flatMap((axis, place) => {
    const height = heightOn(axis, row);
    return height === null ? [] : [{ place, at: axis.at, height }];
  });
  for (const dashes of [[], PAST]) {
    context.setLineDash(dashes);
    context.beginPath();
    passed.slice(1).forEach((to, before) => {
      const from = passed[before];
      if ((to.place - from.place > 1) !== (dashes === PAST)) return;
      const middle = (from.at + to.at) / 2;
      context.moveTo(from.at, from.height);
      context.bezierCurveTo(middle, from.height, middle, to.height, to.at, to.height);
    });
    context.stroke();
  }
}

/**
 * Draw the selected rows in their colours, and the row under the pointer.
 * @param {Layout} layout
 * @param {{canvas: HTMLCanvasElement, context: CanvasRenderingContext2D}} above
 * @param {Row | null} hovered
 */
function drawMarked(layout, above, hovered) {
  const { app, width, height } = layout;
  above.context.clearRect(0, 0, width, height);
  for (const row of app.selection()) drawLine(layout, above.context, row, styleOf(app.colourOf(row.key).slice(4, -1)), 2.5, 1);
  if (hovered) drawLine(layout, above.context, hovered, styleOf('--ink'), 2.5, 1);
}

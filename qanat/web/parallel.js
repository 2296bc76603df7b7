/** Parallel coordinates: a line for each row through its parameters to what it measured; a brush is a condition. */
import { nameInCondition, quotedIfNeeded } from './condition.js';
import { el, svg } from './dom.js';
import { brief } from './formats.js';
import { columnChoice, isLogarithmic, nothing, placeIn, plotted, chosen } from './plot.js';
import { Scale, extentOf, viridis } from './scale.js';
import { NARROW } from './table.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {{column: Column, at: number, scale: Scale, names: (string | number)[], isLog: boolean, isFlipped: boolean, aside: Map<string, number>}} Axis */
/** @typedef {{app: App, axes: Axis[], top: number, bottom: number, width: number, height: number}} Layout */

const AXES_MAX = 12;
const NARROW_AXES_MAX = 4;
const BEST_MAX = 200;
const LINES_MAX = 1200;
const GREY_MAX = 400;
const SLICE_MS = 12;
const NAMES_MAX = 6;
const ASIDE_MAX = 20;

/**
 * @param {App} app
 * @param {HTMLElement} place
 */
export function showParallel(app, place) {
  const columns = axisColumns(app);
  if (columns.length < 2) {
    place.replaceChildren(nothing('Nothing to draw', 'Parallel coordinates need two parameters or metrics that differ.'));
    return;
  }
  const colour = chosen(plotted(app), app.view.shade, app.main() ?? columns[0]);
  const note = el('span', { class: 'note wide' });
  const chart = el('div', { class: 'chart' });
  place.replaceChildren(
    el('div', { class: 'controls' }, columnChoice(app, 'colour', 'shade', plotted(app), colour?.key ?? ''), note), chart,
  );
  const layout = layoutOf(app, columns, chart.clientWidth, chart.clientHeight);
  const [below, above] = [layer(layout), layer(layout)];
  chart.replaceChildren(below.canvas, above.canvas, axesOf(layout));
  const { lines, said } = linesOf(app, colour);
  note.textContent = `${said}Drag along an axis to keep a range, which becomes a condition; click it to drop it.`;
  drawInSlices(layout, below, lines);
  const mark = (/** @type {Row | null} */ hovered) => drawMarked(layout, above, hovered);
  mark(null);
  app.hovering = mark;
}

/** @param {App} app */
function axisColumns(app) {
  const main = app.main();
  const others = app.metrics.filter((column) => column !== main && column.better).slice(0, 2);
  const ends = main ? [...others, main] : [];
  const most = NARROW.matches ? NARROW_AXES_MAX : AXES_MAX;
  const ending = NARROW.matches ? ends.slice(-1) : ends;
  const columns = app.differing.filter((column) => app.every.some((row) => placeIn(column, row) !== null));
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
  const [left, right, top, bottom] = [NARROW.matches ? 52 : 56, width - (NARROW.matches ? 36 : 64), 34, height - 14];
  const axes = columns.map((column, place) => {
    const at = left + (place * (right - left)) / (columns.length - 1);
    return axisOf(app, column, at, top, bottom);
  });
  return { app, axes, top, bottom, width, height };
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
  return { column, at, scale, names, isLog, isFlipped, aside: isNamed ? asideOf(app, column, names, (bottom - top) / names.length) : new Map() };
}

/**
 * Spread the rows of a category by their result, so that their lines do not lie on each other.
 * @param {App} app
 * @param {Column} column
 * @param {(string | number)[]} names
 * @param {number} room
 */
function asideOf(app, column, names, room) {
  const main = app.main();
  const results = new Map(app.every.map((row) => [row.key, Number((main && placeIn(main, row)) ?? NaN)]));
  const most = Math.min(ASIDE_MAX, room * 0.32);
  /** @type {Map<string, number>} */
  const aside = new Map();
  for (const name of names) {
    const rows = app.every.filter((row) => placeIn(column, row) === name);
    rows.sort((a, b) => (results.get(a.key) ?? 0) - (results.get(b.key) ?? 0));
    rows.forEach((row, place) => aside.set(row.key, rows.length < 2 ? 0 : most - (2 * most * place) / (rows.length - 1)));
  }
  return aside;
}

/**
 * Return the height of a row on an axis; null if it has no place there.
 * @param {Axis} axis
 * @param {Row} row
 */
function heightOn(axis, row) {
  const place = placeIn(axis.column, row);
  if (place === null) return null;
  if (axis.names.length) return axis.scale.at(axis.names.indexOf(place)) + (axis.aside.get(row.key) ?? 0);
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
  const grey = sampled(app.every.filter((row) => !inside.has(row.key)), GREY_MAX);
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
  const places = app.every.map((row) => placeIn(column, row)).filter((place) => place !== null);
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
  context.beginPath();
  /** @type {[number, number] | null} */
  let last = null;
  for (const axis of layout.axes) {
    const height = heightOn(axis, row);
    if (height !== null && last) {
      const middle = (last[0] + axis.at) / 2;
      context.bezierCurveTo(middle, last[1], middle, height, axis.at, height);
    } else if (height !== null) context.moveTo(axis.at, height);
    last = height === null ? null : [axis.at, height];
  }
  context.stroke();
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

// ---- axes, and brushes on them

/** @param {Layout} layout */
function axesOf(layout) {
  const { width, height } = layout;
  const drawn = layout.axes.map((axis, place) => drawAxis(layout, axis, place === layout.axes.length - 1));
  return svg('svg', { width, height, role: 'img', 'aria-label': `parallel coordinates of ${layout.app.rows.length} rows` }, ...drawn);
}

/**
 * @param {Layout} layout
 * @param {Axis} axis
 * @param {boolean} isLast
 */
function drawAxis(layout, axis, isLast) {
  const { at, column, names, scale } = axis;
  const { top, bottom } = layout;
  const note = axis.isLog ? ' (log)' : axis.isFlipped ? ' (low is up)' : '';
  const values = names.length ? names.map((_, place) => place) : scale.ticks(5);
  const labels = values.map((value) => {
    const text = names.length ? String(names[value]).slice(0, 14) : brief(value);
    const [x, anchor] = isLast ? [at + 11, 'start'] : [at - 11, 'end'];
    return svg('text', { class: 'tick-label on-lines', x, y: scale.at(value) + 4, 'text-anchor': anchor }, text);
  });
  const brushes = brushesOn(layout, axis).map(([upper, lower]) => (
    svg('rect', { class: 'brush', x: at - 7, width: 14, y: upper, height: Math.max(2, lower - upper) })
  ));
  const drawn = svg('g', { 'data-axis': column.key },
    svg('text', { class: 'axis-title', x: at, y: 14, 'text-anchor': 'middle' }, column.heading.slice(0, 18) + note),
    svg('line', { class: 'axis', x1: at, x2: at, y1: top, y2: bottom }), ...labels, ...brushes);
  drawn.append(brushing(layout, axis));
  return drawn;
}

/**
 * Return what takes the pointer on an axis: a drag makes a condition of the range, and a click drops it.
 * @param {Layout} layout
 * @param {Axis} axis
 */
function brushing(layout, axis) {
  const { top, bottom } = layout;
  const area = svg('rect', { class: 'brushing', x: axis.at - 12, width: 24, y: top - 6, height: bottom - top + 12 });
  const shown = svg('rect', { class: 'brush', x: axis.at - 7, width: 14, visibility: 'hidden' });
  const heightOf = (/** @type {PointerEvent} */ event) => {
    const box = /** @type {SVGElement} */ (area.ownerSVGElement).getBoundingClientRect();
    return Math.max(top, Math.min(bottom, event.clientY - box.top));
  };
  let from = NaN;
  area.addEventListener('pointerdown', (event) => {
    const pointer = /** @type {PointerEvent} */ (event);
    area.setPointerCapture(pointer.pointerId);
    from = heightOf(pointer);
  });
  area.addEventListener('pointermove', (event) => {
    if (Number.isNaN(from)) return;
    const to = heightOf(/** @type {PointerEvent} */ (event));
    shown.setAttribute('visibility', 'visible');
    shown.setAttribute('y', String(Math.min(from, to)));
    shown.setAttribute('height', String(Math.abs(to - from)));
  });
  area.addEventListener('pointerup', (event) => {
    const to = heightOf(/** @type {PointerEvent} */ (event));
    const range = Math.abs(to - from) > 3 ? conditionOf(layout, axis, Math.min(from, to), Math.max(from, to)) : '';
    from = NaN;
    const others = layout.app.view.where.filter((text) => !readBrush(axis, text));
    layout.app.change({ where: range ? [...others, range] : others });
  });
  return svg('g', {}, shown, area);
}

/**
 * Return the condition that a range of heights stands for; empty if nothing is in it, or everything.
 * @param {Layout} layout
 * @param {Axis} axis
 * @param {number} upper
 * @param {number} lower
 */
function conditionOf(layout, axis, upper, lower) {
  const name = nameInCondition(axis.column.key);
  if (axis.names.length) {
    const kept = axis.names.filter((_, place) => axis.scale.at(place) >= upper && axis.scale.at(place) <= lower);
    return kept.map((value) => `${name}=${quotedIfNeeded(String(value))}`).join(' or ');
  }
  const ends = [axis.scale.valueAt(upper), axis.scale.valueAt(lower)].sort((a, b) => a - b).map((value) => Number(value.toPrecision(3)));
  return `${name}>=${ends[0]} and ${name}<=${ends[1]}`;
}

/**
 * Return the values that a condition keeps, if it is one that a brush on this axis makes: two ends, or names.
 * @param {Axis} axis
 * @param {string} text
 * @returns {string[] | null}
 */
function readBrush(axis, text) {
  const name = nameInCondition(axis.column.key);
  if (axis.names.length) {
    const parts = text.split(' or ');
    const known = new Map(axis.names.map((value) => [`${name}=${quotedIfNeeded(String(value))}`, String(value)]));
    const values = parts.map((part) => known.get(part));
    return values.every((value) => value !== undefined) ? /** @type {string[]} */ (values) : null;
  }
  const [low, high] = text.split(' and ');
  const isRange = low?.startsWith(`${name}>=`) && high?.startsWith(`${name}<=`) && text.split(' and ').length === 2;
  const ends = isRange ? [low.slice(name.length + 2), high.slice(name.length + 2)] : [];
  return ends.length && ends.every((end) => Number.isFinite(Number(end))) ? ends : null;
}

/**
 * Return what the conditions of the view keep of an axis: from which height to which.
 * @param {Layout} layout
 * @param {Axis} axis
 * @returns {[number, number][]}
 */
function brushesOn(layout, axis) {
  const found = layout.app.view.where.map((text) => readBrush(axis, text)).find((values) => values !== null);
  if (!found) return [];
  if (!axis.names.length) {
    const heights = found.map((value) => Math.max(layout.top, Math.min(layout.bottom, axis.scale.at(Number(value)))));
    return [[Math.min(...heights), Math.max(...heights)]];
  }
  const half = (layout.bottom - layout.top) / axis.names.length / 2;
  const names = axis.names.map(String);
  return found.map((value) => axis.scale.at(names.indexOf(value))).map((height) => [height - half, height + half]);
}

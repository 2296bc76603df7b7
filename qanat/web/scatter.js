/** Rows as points: a number over a parameter, with logarithmic axes, colours and the range of several groups. */
import { linesThrough, ranges, reachOf } from './bars.js';
import { byId, el, svg } from './dom.js';
import { brief, plural, shownDuration } from './formats.js';
import { axes, chosen, columnChoice, isLogarithmic, isSeveral, nothing, optionSwitch, placeIn, plotted } from './plot.js';
import { Scale, extentOf, isWide, roomy, viridis } from './scale.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {{row: Row, x: number | string, y: number, colour: string, shape: number, at: [number, number]}} Point */

const SHADES = 24;
const COLOURS = 6;
const NEAR = 14;
const GOLDEN = 0.618034;
/** Shapes around a point, so that colours are not the only difference. */
const POINT_SHAPES = [
  'm-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0', 'm0-5l4.8 8.2h-9.6z', 'm-3.6-3.6h7.2v7.2h-7.2z', 'm0-5.4l5.4 5.4l-5.4 5.4l-5.4-5.4z',
  'm-5-1.6h3.4v-3.4h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4z', 'm0 5l-4.8-8.2h9.6z',
];

/** @type {{rows: Row[], for: string, rings: SVGElement, points: Point[], hovering: App['hovering'], axes: App['axes']} | null} what is drawn */
let scattered = null;

/**
 * @param {App} app
 * @param {HTMLElement} place
 */
export function showScatter(app, place) {
  const { x, y, colour, logx, logy, lines } = app.view;
  const wanted = JSON.stringify([place.clientWidth, place.clientHeight, x, y, colour, logx, logy, lines, document.documentElement.dataset.theme]);
  // Points stay if only other rows are selected, or a row is opened.
  if (scattered?.rows === app.rows && scattered.for === wanted && scattered.rings.isConnected) {
    scattered.rings.replaceChildren(...rings(app, scattered.points));
    Object.assign(app, { hovering: scattered.hovering, axes: scattered.axes });
    return;
  }
  scattered = null;
  const drawn = drawScatter(app, place);
  if (drawn) scattered = { rows: app.rows, for: wanted, hovering: app.hovering, axes: app.axes, ...drawn };
}

/**
 * Draw everything, and return the points and where the rings of those selected are; null if there are no points.
 * @param {App} app
 * @param {HTMLElement} place
 */
function drawScatter(app, place) {
  const columns = plotted(app);
  const numeric = columns.filter((column) => column.isNumber);
  const parameters = app.differing.filter((column) => column.isNumber);
  const wide = parameters.find((column) => isWide(app.every.map((row) => Number(placeIn(column, row) ?? NaN))));
  const x = chosen(columns, app.view.x, wide ?? parameters[0] ?? columns[0]);
  const y = chosen(numeric, app.view.y, app.main() ?? numeric[0]);
  if (!x || !y) {
    place.replaceChildren(nothing('Nothing to draw', 'The runs have no numbers.'));
    return null;
  }
  const colour = app.view.colour === 'none' ? undefined : chosen(columns, app.view.colour, usualColour(app, x, y));
  app.axes = { x: x.key, y: y.key, colour: colour?.key ?? 'none' };
  const kept = app.rows.filter((row) => placeIn(x, row) !== null && placeIn(y, row) !== null);
  const paint = paintOf(app, colour, kept);
  const points = kept.map((row) => /** @type {Point} */ ({ row, x: placeIn(x, row), y: placeIn(y, row), ...paint.of(row), at: [0, 0] }));
  const logX = x.isNumber && isLogarithmic(app.view.logx, points.map((point) => point.x));
  const logY = isLogarithmic(app.view.logy || 'no', points.map((point) => point.y));
  const note = plural(points.length, app.isPooled() ? 'row' : app.view.groups ? 'group' : 'run') + leftOut(app.rows, [x, y]);
  const chart = el('div', { class: 'chart' });
  place.replaceChildren(
    el('div', { class: 'controls' }, columnChoice(app, 'y', 'y', numeric, y.key), columnChoice(app, 'over x', 'x', columns, x.key),
      columnChoice(app, 'colour', 'colour', [/** @type {any} */ ({ key: 'none', heading: 'none' }), ...columns], colour?.key ?? 'none'),
      x.isNumber && optionSwitch(app, 'log x', 'logx', logX), optionSwitch(app, 'log y', 'logy', logY), optionSwitch(app, 'lines', 'lines', app.view.lines === 'yes'), el('span', { class: 'note wide' }, note)),
    el('div', { class: 'controls key' }, paint.key), chart);
  if (points.length) return { points, rings: drawPoints(app, chart, points, x, y, logX, logY) };
  chart.replaceChildren(nothing('Nothing to draw', `No run in the table has both ${x.heading} and ${y.heading}.`));
  return null;
}

/**
 * Return how many rows have no place in a drawing, and why; empty if all have one.
 * @param {Row[]} rows
 * @param {Column[]} columns
 */
function leftOut(rows, columns) {
  const left = rows.filter((row) => columns.some((column) => placeIn(column, row) === null));
  const several = left.filter((row) => isSeveral(row, columns)).length;
  const said = [[left.length - several, 'without both values'], [several, 'with several values of one (choose groups to see each)']].filter(([count]) => count);
  return said.length ? `, left out: ${said.map(([count, why]) => `${count.toLocaleString('en')} ${why}`).join(', ')}` : '';
}

/**
 * Return the first category in which the points differ; undefined if they do in none.
 * @param {App} app
 * @param {Column} x
 * @param {Column} y
 */
function usualColour(app, x, y) {
  const drawn = app.every.filter((row) => placeIn(x, row) !== null && placeIn(y, row) !== null);
  return app.differing.find((column) => !column.isNumber && new Set(drawn.map((row) => placeIn(column, row))).size > 1);
}

/**
 * Return how points are painted, and what explains it.
 * @param {App} app
 * @param {Column | undefined} column
 * @param {Row[]} rows
 * @returns {{of: (row: Row) => {colour: string, shape: number}, key: Node[]}}
 */
function paintOf(app, column, rows) {
  if (!column) return { of: () => ({ colour: 'var(--accent)', shape: 0 }), key: [] };
  return column.isNumber ? shades(column, rows) : classes(app, column, rows);
}

/**
 * @param {Column} column
 * @param {Row[]} rows
 */
function shades(column, rows) {
  const places = rows.map((row) => placeIn(column, row)).filter((place) => typeof place === 'number');
  const extent = extentOf(places) ?? [0, 1];
  const scale = new Scale(extent, [0, 1], isWide(places));
  const of = (/** @type {Row} */ row) => {
    const value = placeIn(column, row);
    const share = typeof value === 'number' ? Math.round(scale.at(value) * SHADES) / SHADES : NaN;
    return { colour: Number.isNaN(share) ? 'var(--border)' : viridis(share), shape: 0 };
  };
  const steps = Array.from({ length: 12 }, (_, place) => {
    const box = el('span', { class: 'shade' });
    box.style.background = viridis(place / 11);
    return box;
  });
  return { of, key: [el('span', {}, column.heading), el('span', {}, brief(extent[0])), el('span', { class: 'ramp' }, steps), el('span', {}, brief(extent[1]))] };
}

/**
 * Return the colours of a category, which rows keep when others are filtered out, and a key of those in use.
 * @param {App} app
 * @param {Column} column
 * @param {Row[]} rows
 */
function classes(app, column, rows) {
  const counts = new Map();
  for (const row of app.every) {
    const value = placeIn(column, row);
    if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const named = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, COLOURS).sort();
  const of = (/** @type {Row} */ row) => {
    const place = named.indexOf(placeIn(column, row));
    return place < 0 ? { colour: 'var(--ink-3)', shape: 0 } : { colour: `var(--series-${place})`, shape: place };
  };
  const entry = (/** @type {string} */ name, /** @type {string} */ colour, /** @type {number} */ shape) => {
    const mark = svg('path', { d: `M6 6${POINT_SHAPES[shape]}` });
    mark.style.fill = colour;
    return el('span', { class: 'entry' }, svg('svg', { width: 12, height: 12, 'aria-hidden': 'true' }, mark), name);
  };
  const used = new Set(rows.map((row) => placeIn(column, row)));
  const entries = named.flatMap((name, place) => (used.has(name) ? [entry(name, `var(--series-${place})`, place)] : []));
  const grey = greySaid(column, rows, named);
  return { of, key: [...entries, ...(grey ? [entry(grey, 'var(--ink-3)', 0)] : [])] };
}

/**
 * Return what grey points have instead of a value with a colour; empty if none is grey.
 * @param {Column} column
 * @param {Row[]} rows
 * @param {(number | string | null)[]} named
 */
function greySaid(column, rows, named) {
  const grey = rows.filter((row) => !named.includes(placeIn(column, row)));
  const others = new Set(grey.map((row) => placeIn(column, row)).filter((value) => value !== null)).size;
  const counts = new Set(grey.filter((row) => placeIn(column, row) === null).map((row) => Math.min(2, column.values(row).length)));
  const said = [others && plural(others, 'other'), counts.has(2) && 'several values', counts.has(0) && 'not given'];
  return said.filter(Boolean).join(' or ');
}

/**
 * @param {App} app
 * @param {HTMLElement} chart
 * @param {Point[]} points
 * @param {Column} x
 * @param {Column} y
 * @param {boolean} logX
 * @param {boolean} logY
 */
function drawPoints(app, chart, points, x, y, logX, logY) {
  const [width, height] = [chart.clientWidth, chart.clientHeight];
  const box = { left: 56, right: width - 16, top: 24, bottom: height - 38 };
  const names = x.isNumber ? [] : [...new Set(points.map((point) => String(point.x)))].sort();
  const placed = (/** @type {Point} */ point) => (typeof point.x === 'number' ? point.x : names.indexOf(point.x));
  const extentX = roomy(extentOf(points.map(placed)) ?? [0, 1], logX);
  const scaleX = new Scale(x.isNumber ? extentX : [-0.6, names.length - 0.4], [box.left, box.right], logX);
  const scaleY = new Scale(roomy(extentOf(points.flatMap((point) => reachOf(point, y, logY))) ?? [0, 1], logY), [box.bottom, box.top], logY);
  // Points of the same category lie beside each other.
  points.forEach((point, place) => {
    const aside = x.isNumber ? 0 : (((place * GOLDEN) % 1) - 0.5) * 0.4;
    point.at = [scaleX.at(placed(point) + aside), scaleY.at(point.y)];
  });
  if (!x.isNumber) scaleX.ticks = () => names.map((_, place) => place);
  const write = (/** @type {Column} */ column) => (column.key === 'duration' ? shownDuration : brief);
  const ringed = svg('g', {}, ...rings(app, points));
  const drawing = svg('svg', { width, height, role: 'img', 'aria-label': `${y.heading} over ${x.heading} of ${points.length} rows` },
    axes(box, { scale: scaleX, title: x.heading, write: x.isNumber ? write(x) : (place) => names[place].slice(0, 24) }, { scale: scaleY, title: y.heading, write: write(y) }),
    ranges(points, y, scaleY, box), ...(app.view.lines === 'yes' ? linesThrough(points, scaleY) : []), ...marks(points), ringed);
  const hover = svg('circle', { class: 'hovered', r: 8, visibility: 'hidden' });
  drawing.append(hover);
  chart.replaceChildren(drawing);
  watch(app, chart, points, hover, x, y);
  app.hovering = (row) => ringAround(hover, points.find((point) => point.row === row) ?? null);
  return ringed;
}

/**
 * Show a ring around a point, or none.
 * @param {SVGElement} ring
 * @param {Point | null} point
 */
function ringAround(ring, point) {
  ring.setAttribute('visibility', point ? 'visible' : 'hidden');
  if (!point) return;
  ring.setAttribute('cx', String(point.at[0]));
  ring.setAttribute('cy', String(point.at[1]));
}

/**
 * Return a path for all points of a colour and a shape: many elements would be slow.
 * @param {Point[]} points
 */
function marks(points) {
  /** @type {Map<string, string[]>} */
  const paths = new Map();
  for (const { at, colour, shape } of points) {
    const key = `${colour} ${shape}`;
    const path = paths.get(key) ?? [];
    path.push(`M${at[0].toFixed(1)} ${at[1].toFixed(1)}${POINT_SHAPES[shape]}`);
    paths.set(key, path);
  }
  return [...paths].map(([key, path]) => {
    const mark = svg('path', { class: 'points', d: path.join('') });
    mark.style.fill = key.slice(0, key.lastIndexOf(' '));
    return mark;
  });
}

/**
 * @param {App} app
 * @param {Point[]} points
 */
function rings(app, points) {
  return points.filter(({ row }) => app.slots.has(row.key)).map(({ row, at }) => {
    const ring = svg('circle', { class: 'ring', cx: at[0], cy: at[1], r: 7 });
    ring.style.stroke = app.colourOf(row.key);
    return svg('g', {}, ring, svg('text', { class: 'ring-label', x: at[0] + 11, y: at[1] + 4 }, app.nameOf(row)));
  });
}

/**
 * Show the row nearest to the pointer, and open it with a click.
 * @param {App} app
 * @param {HTMLElement} chart
 * @param {Point[]} points
 * @param {SVGElement} hover
 * @param {Column} x
 * @param {Column} y
 */
function watch(app, chart, points, hover, x, y) {
  const tip = el('div', { class: 'tip', hidden: true });
  chart.append(tip);
  const nearest = (/** @type {PointerEvent | MouseEvent} */ event) => {
    const { left, top } = chart.getBoundingClientRect();
    const [atX, atY] = [event.clientX - left, event.clientY - top];
    const far = (/** @type {Point} */ point) => Math.hypot(point.at[0] - atX, point.at[1] - atY);
    const best = points.reduce((a, b) => (far(b) < far(a) ? b : a));
    return far(best) <= NEAR ? best : null;
  };
  chart.onpointermove = (event) => {
    const point = nearest(event);
    ringAround(hover, point);
    tip.hidden = !point;
    chart.style.cursor = point ? 'pointer' : '';
    markRow(point?.row ?? null);
    if (!point) return;
    const columns = [y, ...new Set([x, ...app.differing])].slice(0, 10);
    tip.replaceChildren(el('b', {}, `${app.titleOf(point.row)}, ${point.row.pool ? `n = ${app.fields.groups.text(point.row)}` : (point.row.group ?? point.row.run).state}`),
      ...columns.map((column) => el('div', {}, `${column.heading} ${column.text(point.row)}`)));
    const isRight = point.at[0] > chart.clientWidth / 2;
    tip.style.left = isRight ? '' : `${point.at[0] + 14}px`;
    tip.style.right = isRight ? `${chart.clientWidth - point.at[0] + 14}px` : '';
    tip.style.top = `${Math.max(0, Math.min(point.at[1] - 20, chart.clientHeight - tip.offsetHeight - 4))}px`;
  };
  chart.onpointerleave = () => {
    tip.hidden = true;
    ringAround(hover, null);
    markRow(null);
  };
  chart.onclick = (event) => {
    const point = nearest(event);
    if (point && (event.ctrlKey || event.metaKey)) app.toggle(point.row.key);
    else if (point?.row.pool) app.expand(point.row.key);
    else if (point) app.change({ open: point.row.key });
  };
}

/**
 * Mark a row of the table, if it is in sight.
 * @param {Row | null} row
 */
function markRow(row) {
  for (const shown of byId('main').querySelectorAll('.row.pointed')) shown.classList.remove('pointed');
  if (row) byId('main').querySelector(`[data-key="${CSS.escape(row.key)}"]`)?.classList.add('pointed');
}

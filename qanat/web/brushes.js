/** The axes of parallel coordinates, and brushes on them: a range of an axis is a condition. */
import { nameInCondition, quotedIfNeeded } from './condition.js';
import { svg } from './dom.js';
import { brief } from './formats.js';
import { widthOf } from './grid.js';

/** @typedef {import('./parallel.js').Axis} Axis */
/** @typedef {import('./parallel.js').Layout} Layout */

/**
 * Return the drawing of all axes, with what is kept of each.
 * @param {Layout} layout
 */
export function drawnAxes(layout) {
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
    svg('title', {}, column.heading),
    svg('text', { class: 'axis-title', x: at, y: 14, 'text-anchor': 'middle' }, fitting(column.heading, layout.apart),
      note && svg('tspan', { x: at, dy: 15 }, note)),
    svg('line', { class: 'axis', x1: at, x2: at, y1: top, y2: bottom }), ...labels, ...brushes);
  drawn.append(brushing(layout, axis));
  return drawn;
}

/**
 * Return the beginning of a heading for which there is room.
 * @param {string} heading
 * @param {number} room
 */
function fitting(heading, room) {
  let kept = heading;
  while (kept.length > 1 && widthOf(kept) > room) kept = `${kept.replace(/…$/, '').slice(0, -1)}…`;
  return kept;
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

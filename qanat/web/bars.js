/** Lines of a plot: error bars of rows of several groups, and lines through the points of a colour. */
import { svg } from './dom.js';
import { extentOf } from './scale.js';
import { statistic } from './statistics.js';

/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {import('./plot.js').Box} Box */
/** @typedef {import('./scale.js').Scale} Scale */
/** @typedef {import('./scatter.js').Point} Point */

/** Half the width of the ends of an error bar. */
const CAP = 4;

/**
 * Return what the axis has to have room for: a point, and the ends of its line.
 * @param {Point} point
 * @param {Column} y
 * @param {boolean} isLog
 */
export function reachOf(point, y, isLog) {
  return [point.y, ...(endsOf(point.row, y) ?? [])].filter((value) => !isLog || value > 0);
}

/**
 * Return the ends of the line through a row of several groups: of pooled ones, the deviation to both sides of the mean,
 * of others, the least and the greatest value; null if it has none.
 * @param {Row} row
 * @param {Column} y
 * @returns {[number, number] | null}
 */
function endsOf(row, y) {
  if (y.kind !== 'metric' || row.groups.length < 2) return null;
  const values = y.values(row);
  if (!row.pool || !values.length) return extentOf(values);
  const { mean, deviation } = statistic(values);
  return deviation && Number.isFinite(deviation) ? [mean - deviation, mean + deviation] : null;
}

/**
 * Return the lines through rows of several groups, with ends across where they are deviations.
 * @param {Point[]} points
 * @param {Column} y
 * @param {Scale} scale
 * @param {Box} box
 */
export function ranges(points, y, scale, box) {
  const inside = (/** @type {number} */ at) => Math.max(box.top, Math.min(box.bottom, at)).toFixed(1);
  const lines = points.flatMap(({ row, at }) => {
    const [low, high] = endsOf(row, y) ?? [0, 0];
    if (low === high || (scale.isLog && (high <= 0 || (low <= 0 && !row.pool)))) return [];
    const [bottom, top] = [scale.isLog && low <= 0 ? inside(box.bottom) : inside(scale.at(low)), inside(scale.at(high))];
    const [left, right] = [at[0] - CAP, at[0] + CAP].map((place) => place.toFixed(1));
    return [`M${at[0].toFixed(1)} ${bottom}V${top}`, ...(row.pool ? [`M${left} ${bottom}H${right}M${left} ${top}H${right}`] : [])];
  });
  return svg('path', { class: 'range', d: lines.join('') });
}

/**
 * Return a line for each colour, through the means of its points at each x.
 * @param {Point[]} points
 * @param {Scale} scale
 */
export function linesThrough(points, scale) {
  return [...Map.groupBy(points, ({ colour, shape }) => `${colour} ${shape}`).values()].map((alike) => {
    const places = [...Map.groupBy(alike, (point) => point.x).values()].map((at) => {
      const mean = at.reduce((sum, point) => sum + point.y, 0) / at.length;
      const across = at.reduce((sum, point) => sum + point.at[0], 0) / at.length;
      return /** @type {[number, number]} */ ([across, scale.at(mean)]);
    });
    places.sort((a, b) => a[0] - b[0]);
    const line = svg('path', { class: 'through', d: `M${places.map((place) => place.map((at) => at.toFixed(1)).join(' ')).join('L')}` });
    line.style.stroke = alike[0].colour;
    return line;
  });
}

/** The states of runs: their words, and shapes that do not depend on colour. */
import { el, svg } from './dom.js';

/** @type {Record<string, [string, boolean]>} a path, and whether it is filled */
const SHAPES = {
  finished: ['M2.5 6.5l2.5 2.5 5-6', false],
  running: ['M3 2l7 4-7 4z', true],
  failed: ['M3 3l6 6M9 3l-6 6', false],
  held: ['M4 2.5v7M8 2.5v7', false],
  cancelled: ['M3 3h6v6H3z', true],
  lost: ['M4 4.2a2 2 0 1 1 3 1.7c-.7.4-1 .8-1 1.5M6 9.6v.2', false],
  queued: ['M6 3a3 3 0 1 0 .01 0z', true],
};
/** The states of runs that have not ended. */
export const ACTIVE_STATES = ['queued', 'running', 'held'];
/** The order in which states are offered. */
export const SHOWN_STATES = ['running', 'queued', 'held', 'finished', 'failed', 'cancelled', 'lost'];

/**
 * Return how many groups of an active run have ended, of how many; empty for one group, and where that is not known.
 * @param {import('./data.js').Run} run
 */
export function progressOf({ state, groups, group_count: count }) {
  if (!ACTIVE_STATES.includes(state) || groups.length < 2 || groups.length < count) return '';
  return `${groups.filter((group) => !ACTIVE_STATES.includes(group.state)).length}/${count}`;
}

/**
 * Return a state as its shape and its word, with the progress of a run.
 * @param {string} state
 * @param {string} [progress]
 */
export function stateMark(state, progress = '') {
  const [path, isFilled] = SHAPES[state] ?? SHAPES.lost;
  /** @type {Record<string, string | number>} */
  const paint = isFilled
    ? { fill: 'currentColor' }
    : { fill: 'none', stroke: 'currentColor', 'stroke-width': 1.9, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' };
  const shape = svg('svg', { width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' }, svg('path', { d: path, ...paint }));
  const said = progress && el('span', { class: 'progress' }, progress);
  return el('span', { class: `state ${state}`, title: progress ? `${state}, ${progress} groups ended` : state }, shape, el('span', {}, state), said);
}

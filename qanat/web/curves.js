/** Curves of rows over their steps, overlaid and smoothed. */
import { membersOf } from './data.js';
import { el, svg } from './dom.js';
import { brief, plural, shownDuration } from './formats.js';
import { axes, columnChoice, nothing, optionSwitch } from './plot.js';
import { Scale, durationTicks, extentOf, roomy } from './scale.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./data.js').Row} Row */
/** @typedef {{row: Row, name: string, steps: number[], values: number[], smooth: number[], colour: string, dash: string}} Drawn */

const WINDOWS = [1, 3, 5, 9, 15, 25, 51];
const DASHES = ['', '6 3', '2 3'];
const UNSELECTED = 5;
const DRAWN_MAX = 60;
/** Names by which programs write when a step was, in seconds since they began or since 1970. */
const TIMES = ['time', 'timestamp', 'wall_time', 'walltime', 'elapsed', 'elapsed_s', 'seconds', '_timestamp', '_runtime'];
/** Times that are greater count from 1970. */
const SINCE_1970 = 1e8;

/**
 * @param {App} app
 * @param {HTMLElement} place
 */
export function showCurves(app, place) {
  const names = curveNames(app);
  const usual = names.find((name) => name === app.main()?.key.replace(/^metric\./, '')) ?? names[0];
  const name = names.includes(app.view.metric) ? app.view.metric : usual;
  if (!name) {
    const text = 'The report has no curves: programs write them to metrics.jsonl, and they are read where the results are.';
    place.replaceChildren(nothing('No curves', text));
    return;
  }
  app.axes = { metric: name };
  const rows = app.selection().length ? app.selection() : app.rows.filter((row) => ofRow(row, name).length).slice(0, UNSELECTED);
  const drawn = drawnOf(app, rows, name);
  const chart = el('div', { class: 'chart' });
  const key = el('div', { class: 'controls key' });
  place.replaceChildren(curveControls(app, names, name, drawn), key, chart);
  if (drawn.length) draw(app, chart, key, drawn, name);
  else chart.replaceChildren(nothing(`No curve ${name}`, `The ${app.selection().length ? 'selected runs' : 'runs in the table'} do not have it here.`));
}

/** @param {App} app */
export function curveNames(app) {
  return [...new Set(app.report.runs.flatMap((run) => run.groups.flatMap((group) => Object.keys(group.series ?? {}))))];
}

/**
 * Return the label and unit of a curve, or its name.
 * @param {App} app
 * @param {string} name
 */
function titleOf(app, name) {
  return app.metrics.find((column) => column.key === `metric.${name}`)?.heading ?? name;
}

/**
 * @param {Row} row
 * @param {string} name
 */
function ofRow(row, name) {
  return row.groups.filter((group) => group.series && Object.hasOwn(group.series, name));
}

/**
 * @param {App} app
 * @param {Row[]} rows
 * @param {string} name
 * @returns {Drawn[]}
 */
function drawnOf(app, rows, name) {
  const isAutomatic = !app.view.selected.length;
  const isOverTime = overTime(app);
  const members = rows.flatMap((row, place) => membersOf(row).map((member) => ({ row: member, place, key: row.key })));
  return members.flatMap(({ row, place, key }) => ofRow(row, name).flatMap((group) => {
    const [steps, values] = /** @type {Record<string, [number[], number[]]>} */ (group.series)[name];
    const places = isOverTime ? timesOf(group, steps) : steps;
    if (!places) return [];
    const slot = isAutomatic ? place : app.slots.get(key) ?? 0;
    const label = app.nameOf(row) + (row.group || row.run.groups.length === 1 ? '' : `.${group.number}`);
    const smooth = smoothed(values, windowOf(app));
    return [{ row, name: label, steps: places, values, smooth, colour: `var(--series-${slot % 6})`, dash: DASHES[Math.floor(slot / 6) % 3] }];
  })).slice(0, DRAWN_MAX);
}

/**
 * Return over how many points curves are averaged: one of the choices, whatever an address says.
 * @param {App} app
 */
function windowOf(app) {
  return WINDOWS.find((window) => String(window) === app.view.smooth) ?? 1;
}

/**
 * Return the name of the curve that says when the steps of a group were; undefined if there is none.
 * @param {import('./data.js').Group} group
 */
function timeName(group) {
  const { series } = group;
  return series && TIMES.find((name) => Object.hasOwn(series, name));
}

/** @param {App} app */
function hasTimes(app) {
  return app.report.runs.some((run) => run.groups.some(timeName));
}

/** @param {App} app */
function overTime(app) {
  return app.view.over === 'time' && hasTimes(app);
}

/**
 * Return how many seconds after the first each of these steps was; null if the group does not say.
 * @param {import('./data.js').Group} group
 * @param {number[]} steps
 */
function timesOf(group, steps) {
  const name = timeName(group);
  if (!name) return null;
  const [known, times] = /** @type {Record<string, [number[], number[]]>} */ (group.series)[name];
  const first = times[0] > SINCE_1970 ? times[0] : 0;
  let place = 0;
  return steps.map((step) => {
    while (place < known.length - 2 && known[place + 1] < step) place += 1;
    const [from, to] = [place, Math.min(place + 1, known.length - 1)];
    const share = known[to] > known[from] ? (step - known[from]) / (known[to] - known[from]) : 0;
    return times[from] + Math.max(0, Math.min(1, share)) * (times[to] - times[from]) - first;
  });
}

/**
 * Return values averaged over a window around each, with less weight for what is farther.
 * @param {number[]} values
 * @param {number} window
 */
export function smoothed(values, window) {
  if (!(window > 1)) return values;
  const half = window >> 1;
  const weights = Array.from({ length: window }, (_, place) => Math.exp(-((place - half) ** 2) / (2 * (window / 4) ** 2)));
  return values.map((_, at) => {
    let [sum, weight] = [0, 0];
    for (let by = -half; by <= half; by += 1) {
      const value = values[at + by];
      if (value === undefined) continue;
      sum += value * weights[by + half];
      weight += weights[by + half];
    }
    return sum / weight;
  });
}

/**
 * @param {App} app
 * @param {string[]} names
 * @param {string} name
 * @param {Drawn[]} drawn
 */
function curveControls(app, names, name, drawn) {
  const columns = names.map((one) => /** @type {any} */ ({ key: one, heading: titleOf(app, one) }));
  const place = WINDOWS.indexOf(windowOf(app));
  const said = (/** @type {number} */ window) => (window > 1 ? `over ${window} points` : 'off');
  const output = el('output', {}, said(WINDOWS[place]));
  const slider = el('input', {
    type: 'range', min: '0', max: String(WINDOWS.length - 1), value: String(place), 'aria-label': 'smoothing',
    oninput: () => { output.textContent = said(WINDOWS[Number(slider.value)]); },
    onchange: () => app.change({ smooth: String(WINDOWS[Number(slider.value)]) }),
  });
  const count = plural(drawn.length, 'curve');
  const note = app.view.selected.length ? count : `None selected: ${count} of the first rows of the table that have any.`;
  return el('div', { class: 'controls' }, columnChoice(app, 'curve', 'metric', columns, name),
    hasTimes(app) && overChoice(app), el('label', {}, 'smoothing', slider, output), optionSwitch(app, 'log y', 'logc', app.view.logc === 'yes'), el('span', { class: 'note wide' }, note));
}

/** @param {App} app */
function overChoice(app) {
  const shown = el('select', { 'aria-label': 'over', onchange: () => app.change({ over: shown.value }) },
    ['step', 'time'].map((over) => el('option', { value: over, selected: over === app.view.over }, over)));
  return el('label', {}, 'over', shown);
}

/**
 * @param {App} app
 * @param {HTMLElement} chart
 * @param {HTMLElement} key
 * @param {Drawn[]} drawn
 * @param {string} name
 */
function draw(app, chart, key, drawn, name) {
  showKey(app, key, drawn, null); // it takes room from the chart
  const [width, height] = [chart.clientWidth, chart.clientHeight];
  const box = { left: 56, right: width - 16, top: 24, bottom: height - 38 };
  const values = drawn.flatMap((curve) => [...curve.smooth]);
  const isLog = app.view.logc === 'yes' && values.every((value) => value > 0);
  const x = new Scale(extentOf(drawn.flatMap((curve) => [...curve.steps])) ?? [0, 1], [box.left, box.right]);
  if (overTime(app)) x.ticks = (wanted) => durationTicks(x.extent[0], x.extent[1], wanted);
  const y = new Scale(roomy(extentOf(values) ?? [0, 1], isLog), [box.bottom, box.top], isLog);
  const lines = drawn.flatMap((curve) => [
    ...(curve.smooth === curve.values ? [] : [line(curve, curve.values, x, y, 'raw')]), line(curve, curve.smooth, x, y, 'smooth'),
  ]);
  const cursor = svg('line', { class: 'cursor', y1: box.top, y2: box.bottom, visibility: 'hidden' });
  const clip = svg('clipPath', { id: 'inside' }, svg('rect', { x: box.left, y: box.top - 4, width: Math.max(0, box.right - box.left), height: Math.max(0, box.bottom - box.top + 8) }));
  const drawing = svg('svg', { width, height, role: 'img', 'aria-label': `${name} over ${overTime(app) ? 'time' : 'steps'}` }, clip,
    axes(box, overTime(app) ? { scale: x, title: 'time', write: (seconds) => (seconds ? shownDuration(seconds) : '0') } : { scale: x, title: 'step' }, { scale: y, title: titleOf(app, name) }), svg('g', { 'clip-path': 'url(#inside)' }, ...lines), cursor);
  chart.replaceChildren(drawing);
  chart.onpointermove = (event) => {
    const at = event.clientX - chart.getBoundingClientRect().left;
    const isInside = at >= box.left && at <= box.right;
    cursor.setAttribute('visibility', isInside ? 'visible' : 'hidden');
    cursor.setAttribute('x1', String(at));
    cursor.setAttribute('x2', String(at));
    showKey(app, key, drawn, isInside ? x.valueAt(at) : null);
  };
  chart.onpointerleave = () => {
    cursor.setAttribute('visibility', 'hidden');
    showKey(app, key, drawn, null);
  };
}

/**
 * @param {Drawn} curve
 * @param {number[]} values
 * @param {Scale} x
 * @param {Scale} y
 * @param {string} kind
 */
function line(curve, values, x, y, kind) {
  const points = values.flatMap((value, place) => (
    y.isLog && value <= 0 ? [] : [`${x.at(curve.steps[place]).toFixed(1)} ${y.at(value).toFixed(1)}`]
  ));
  const path = svg('path', { class: `curve ${kind}`, d: points.length ? `M${points.join('L')}` : '', 'stroke-dasharray': curve.dash });
  path.style.stroke = curve.colour;
  return path;
}

/**
 * Show which curve is which, with the values at a step, or the last and the extreme ones.
 * @param {App} app
 * @param {HTMLElement} place
 * @param {Drawn[]} drawn
 * @param {number | null} step
 */
function showKey(app, place, drawn, step) {
  place.replaceChildren(...drawn.map((curve) => {
    const sample = svg('line', { x1: 0, x2: 22, y1: 5, y2: 5, 'stroke-width': 2.5, 'stroke-dasharray': curve.dash });
    sample.style.stroke = curve.colour;
    const extent = extentOf(curve.values) ?? [NaN, NaN];
    const said = step === null
      ? [`last ${brief(curve.values[curve.values.length - 1])}`, `${brief(extent[0])} to ${brief(extent[1])}`]
      : [valueAt(curve, step, overTime(app) ? shownDuration : brief), ''];
    return el('span', { class: 'entry' }, svg('svg', { width: 22, height: 10, 'aria-hidden': 'true' }, sample),
      el('button', { class: 'link', onclick: () => app.change({ open: curve.row.key }) }, `run ${curve.name}`),
      el('span', {}, said[0]), said[1] && el('span', { class: 'note wide' }, said[1]));
  }));
}

/**
 * @param {Drawn} curve
 * @param {number} step
 * @param {(step: number) => string} write
 */
function valueAt(curve, step, write) {
  let [low, high] = [0, curve.steps.length - 1];
  if (step > curve.steps[high] || step < curve.steps[0]) return '–';
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (curve.steps[middle] <= step) low = middle;
    else high = middle;
  }
  const place = step - curve.steps[low] > curve.steps[high] - step ? high : low;
  return `${brief(curve.smooth[place])} at ${write(curve.steps[place])}`;
}

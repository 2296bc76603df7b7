/** Taking away what is seen: the rows as CSV, a plot as SVG or PNG. */
import { el, svg } from './dom.js';
import { secondsOf } from './search.js';
import { statistic } from './statistics.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./columns.js').Column} Column */
/** @typedef {import('./data.js').Row} Row */

/** What the page's style gives to drawings, which a file of its own has to say itself. */
const STYLES = ['fill', 'fill-opacity', 'stroke', 'stroke-opacity', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin', 'paint-order', 'font-size', 'font-weight', 'font-family', 'visibility'];
const PNG_SCALE = 2;

/**
 * Return buttons that save what is seen.
 * @param {App} app
 */
export function exportButtons(app) {
  const chart = document.querySelector('#panel .chart');
  const name = `${app.report.project}-${app.view.tab}`.replace(/[^\w.-]+/g, '_');
  const button = (/** @type {string} */ label, /** @type {string} */ title, /** @type {() => void} */ act) =>
    el('button', { class: 'button quiet', title, onclick: act }, label);
  return [
    button('CSV', 'save the rows of the table, all columns', () => save(`${name}.csv`, csvOf(app), 'text/csv')),
    ...(chart?.querySelector(':scope > svg') ? [
      button('SVG', 'save the drawing', () => save(`${name}.svg`, svgOf(chart), 'image/svg+xml')),
      button('PNG', 'save the drawing', () => savePng(`${name}.png`, chart)),
    ] : []),
  ];
}

/**
 * Return the rows of the table with all columns, and numbers as they were measured.
 * @param {App} app
 */
export function csvOf(app) {
  if (app.isPooled()) return csvText(pooledLines(app));
  const { run, group, groups, duration, date, ...fields } = app.fields;
  const first = [run, ...(app.view.groups ? [group] : [groups])];
  const columns = [...first, ...Object.values(fields), date, duration, ...app.parameters, ...app.metrics];
  const lines = app.rows.map((row) => columns.map((column) => cellOf(app, column, row)));
  return csvText([columns.map((column) => column.name ?? column.heading), ...lines]);
}

/** @param {string[][]} lines */
function csvText(lines) {
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/**
 * Return pooled rows as `qanat compare --pool --csv` does: with the mean, the deviation and the number of values.
 * @param {App} app
 */
function pooledLines(app) {
  const { experiment, commit } = app.fields;
  const names = app.metrics.flatMap(({ name, heading }) => ['', '.std', '.n'].map((part) => `${name ?? heading}${part}`));
  const headings = ['experiment', 'runs', 'n', 'commit', ...app.parameters.map((column) => column.heading), ...names];
  const lines = app.rows.map((row) => {
    const found = app.metrics.map((column) => column.values(row)).map((values) => (values.length ? statistic(values) : null));
    const numbers = found.flatMap((one) => [one?.mean, one?.deviation, one?.count]);
    const runs = [...new Set((row.pool?.counted ?? []).map((member) => member.run.id))].join(' ');
    return [experiment.text(row), runs, String(row.pool?.counted.length), commit.text(row),
      ...app.parameters.map((column) => column.values(row).map((value) => value || 'yes').join(' ')), ...numbers.map((number) => String(number ?? ''))];
  });
  return [headings, ...lines];
}

/**
 * @param {App} app
 * @param {Column} column
 * @param {Row} row
 */
function cellOf(app, column, row) {
  if (column.key === 'run') return row.run.id;
  if (column.key === 'date') return row.run.created;
  if (column.key === 'commit') return row.run.commit;
  if (column.key === 'duration') return String(secondsOf(row, app.now) ?? '');
  return column.values(row).map((value) => (column.kind === 'parameter' ? value || 'yes' : String(value))).join(' ');
}

/**
 * Return a cell of CSV; an apostrophe is before what a spreadsheet would calculate, and numbers stay numbers.
 * @param {string} text
 */
function csvCell(text) {
  const isNumber = text !== '' && Number.isFinite(Number(text));
  const safe = /^[=+\-@\t\r]/.test(text) && !isNumber ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Return a drawing as a file of its own: with its styles, what was drawn below it as an image, and the key above it.
 * @param {Element} chart
 */
export function svgOf(chart) {
  const drawing = /** @type {SVGSVGElement} */ (chart.querySelector(':scope > svg'));
  const copy = styledCopy(drawing);
  const { left, top, width, height } = drawing.getBoundingClientRect();
  const key = chart.parentElement?.querySelector('.key');
  const room = key ? Math.max(0, top - key.getBoundingClientRect().top) : 0;
  copy.setAttribute('viewBox', `0 ${-room} ${width} ${height + room}`);
  copy.setAttribute('height', String(height + room));
  const images = [...chart.querySelectorAll('canvas')].map((canvas) => imageOf(canvas, width, height));
  copy.prepend(svg('rect', { y: -room, width, height: height + room, fill: getComputedStyle(document.body).backgroundColor }), ...images);
  copy.append(...(key ? keyOf(key, left, top) : []));
  return new XMLSerializer().serializeToString(copy);
}

/**
 * Return a copy of a drawing that has its styles without the page.
 * @template {SVGElement} T
 * @param {T} drawing
 * @returns {T}
 */
function styledCopy(drawing) {
  const copy = /** @type {T} */ (drawing.cloneNode(true));
  const [originals, copies] = [drawing, copy].map((whole) => [whole, ...whole.querySelectorAll('*')]);
  originals.forEach((original, place) => {
    const style = getComputedStyle(original);
    for (const name of STYLES) copies[place].setAttribute(name, style.getPropertyValue(name));
    copies[place].removeAttribute('style');
  });
  return copy;
}

/**
 * Return the key of a drawing, where it is on the page: its marks, its shades and its words.
 * @param {Element} key
 * @param {number} left
 * @param {number} top
 */
function keyOf(key, left, top) {
  const boxOf = (/** @type {Element} */ part) => part.getBoundingClientRect();
  const marks = [...key.querySelectorAll('svg')].map((mark) => {
    const copy = styledCopy(mark);
    copy.setAttribute('x', String(boxOf(mark).left - left));
    copy.setAttribute('y', String(boxOf(mark).top - top));
    return copy;
  });
  const shades = [...key.querySelectorAll('.shade')].map((part) => {
    const { x, y, width, height } = boxOf(part);
    return svg('rect', { x: x - left, y: y - top, width, height, fill: getComputedStyle(part).backgroundColor });
  });
  const { fontFamily, color } = getComputedStyle(key);
  const style = { 'font-family': fontFamily, 'font-size': '12px', fill: color };
  const words = [...key.querySelectorAll('span, button')].flatMap((part) => {
    const text = [...part.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent).join('');
    const range = document.createRange();
    if (!text || !part.lastChild) return [];
    range.selectNodeContents(part.lastChild);
    const box = range.getBoundingClientRect();
    return [svg('text', { ...style, x: box.left - left, y: box.bottom - top - 4 }, text)];
  });
  return [...marks, ...shades, ...words];
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
function imageOf(canvas, width, height) {
  return svg('image', { href: canvas.toDataURL(), width, height });
}

/**
 * @param {string} name
 * @param {Element} chart
 */
async function savePng(name, chart) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svgOf(chart))}`;
  await image.decode();
  const canvas = el('canvas', { width: image.width * PNG_SCALE, height: image.height * PNG_SCALE });
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => blob && saveBlob(name, blob));
}

/**
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
function save(name, text, type) {
  saveBlob(name, new Blob([text], { type }));
}

/**
 * @param {string} name
 * @param {Blob} blob
 */
function saveBlob(name, blob) {
  const link = el('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

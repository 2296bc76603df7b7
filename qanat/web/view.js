/** What the page shows: kept in the address, so that a view can be sent, and is the same after a reload. */

/**
 * @typedef {object} View
 * @property {string} tab the name of the view
 * @property {string[]} where conditions, all of which must be met
 * @property {string} sort the key of a column, with `-` before it for the greatest first; empty for the newest first
 * @property {string[]} selected keys of rows
 * @property {string} open the key of the row whose page is shown
 * @property {boolean} groups whether rows are groups
 * @property {string[]} by `settings`, or keys of the parameters whose groups with the same values are one row
 * @property {string[]} expanded keys of rows whose members are shown below them
 * @property {string[]} columns keys of the table's columns; none for the usual ones
 * @property {boolean} all whether runs side by side also show what is the same
 * @property {string} x the key of a column
 * @property {string} y the key of a column
 * @property {string} colour the key of a column, or `none`
 * @property {string} logx `yes` or `no`; empty for what fits the values
 * @property {string} logy `yes` or `no`
 * @property {string} metric the name of a curve
 * @property {string} smooth how many points are averaged
 * @property {string} logc `yes` or `no`, for curves
 * @property {string} figure the name of the figures that are shown; empty for all
 * @property {string} zoom the image of the figure that is shown large
 * @property {string} shade the key of the column that colours parallel coordinates
 * @property {string} lines `yes` or `no`, for lines between points
 * @property {string} over `step` or `time`, for curves
 */

/** What names columns.
 * @type {(keyof View)[]}
 */
export const COLUMN_KEYS = ['sort', 'x', 'y', 'colour', 'shade', 'columns', 'by'];
/** More keys and conditions than people choose make a page slow, and an address may be a stranger's. */
const LISTED_MAX = 2000;

/**
 * Return the view that an address describes; what it does not say is as in `usual`.
 * @param {string} hash
 * @param {View} usual
 * @returns {View}
 */
export function readView(hash, usual) {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  /** @type {Record<string, any>} */
  const view = structuredClone(usual);
  for (const [name, value] of Object.entries(usual)) {
    const texts = said.getAll(name);
    if (!texts.length) continue;
    if (Array.isArray(value)) view[name] = [...new Set(texts.filter(Boolean))].slice(0, LISTED_MAX);
    else view[name] = typeof value === 'boolean' ? texts[0] === 'yes' : texts[0];
  }
  return /** @type {View} */ (view);
}

/**
 * Return the part of an address that describes a view: what differs from the usual one.
 * @param {View} view
 * @param {View} usual
 */
export function writeView(view, usual) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) {
    const before = /** @type {Record<string, any>} */ (usual)[name];
    if (JSON.stringify(value) === JSON.stringify(before)) continue;
    if (Array.isArray(value)) for (const text of value.length ? value : ['']) said.append(name, text);
    else said.append(name, typeof value === 'boolean' ? (value ? 'yes' : 'no') : value);
  }
  return `#${said}`;
}

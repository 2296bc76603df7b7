/** Elements of the page. All text gets into it here. */

/** What would act on text, hide or reorder it, as in qanat/domain/visible.py; joiners and styles of emoji stay. */
const ACTS = new RegExp(
  '[\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200e\\u200f' +
    '\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}\\ud800-\\udfff]',
  'gu',
);

/**
 * Return text with such characters written as escapes.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(ACTS, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * Make an element; `on…` are listeners, `aria-…`, `data-…` and `role` attributes, and everything else properties.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [properties]
 * @param {(Child | Child[])[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'class') made.className = value;
    else if (name.includes('-') || name === 'role' || name === 'list') made.setAttribute(name, visible(String(value)));
    else Object.assign(made, { [name]: name === 'title' ? visible(value) : value });
  }
  made.append(...nodes(children.flat()));
  return made;
}

/**
 * Make an element of a drawing.
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {Child[]} children
 */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...nodes(children));
  return made;
}

/**
 * @param {Child[]} children
 * @returns {Node[]}
 */
function nodes(children) {
  const kept = children.filter((child) => child !== null && child !== undefined && child !== false && child !== '');
  return kept.map((child) => (child instanceof Node ? child : document.createTextNode(visible(String(child)))));
}

/**
 * Return the element of the page with this id.
 * @param {string} id
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * Return whether somebody has selected text in an element, which would be lost if it were drawn again.
 * @param {Element} place
 */
export function isReading(place) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && place.contains(selection.anchorNode);
}

/**
 * Show a sentence for a moment; it is also read out.
 * @param {string} text
 */
export function toast(text) {
  const shown = el('div', { class: 'toast', role: 'status' }, text);
  document.body.append(shown);
  setTimeout(() => shown.remove(), 3000);
}

/**
 * Copy a text, and say so, or that the browser does not allow it.
 * @param {string} text
 * @param {string} [said]
 */
export function copy(text, said = 'copied') {
  const refused = () => toast('the browser does not allow copying');
  // A page that came over plain HTTP has no clipboard.
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => toast(said), refused);
  else refused();
}

/**
 * Return an element with a button that copies its text.
 * @param {HTMLElement} place
 */
export function copyable(place) {
  return el('div', { class: 'copyable' }, place, el('button', { class: 'button', onclick: () => copy(place.textContent ?? '') }, 'Copy'));
}

/**
 * Open a dialog until it is closed: by a key, or by a click beside it.
 * @param {HTMLDialogElement} dialog
 */
export function openDialog(dialog) {
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('pointerdown', ({ clientX, clientY }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    if (clientX < left || clientX > right || clientY < top || clientY > bottom) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}

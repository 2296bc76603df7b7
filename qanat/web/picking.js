/** A dialog that chooses several of a list, and shows at once what that changes. */
import { el, openDialog } from './dom.js';

/** @typedef {import('./columns.js').Column} Column */

const SEARCHED_FROM = 12;

/**
 * Open a dialog with a box for each column.
 * @param {string} title
 * @param {string} note
 * @param {Column[]} columns
 * @param {() => string[]} chosen the keys that are chosen now
 * @param {(keys: string[]) => void} choose
 * @param {[string, () => void]} usual what the button says that goes back, and what it does
 */
export function pick(title, note, columns, chosen, choose, [label, reset]) {
  const list = el('div', { class: 'choices' });
  const search = el('input', { type: 'search', placeholder: 'search', 'aria-label': 'search', oninput: () => show() });
  const show = () => {
    const taken = chosen();
    const text = search.value.trim().toLowerCase();
    list.replaceChildren(...columns.filter(({ heading }) => heading.toLowerCase().includes(text)).map((column) => {
      const box = el('input', { type: 'checkbox', checked: taken.includes(column.key), onchange: () => {
        choose(box.checked ? [...chosen(), column.key] : chosen().filter((key) => key !== column.key));
      } });
      return el('label', {}, box, el('span', {}, column.heading));
    }));
  };
  const dialog = el('dialog', { class: 'picking', 'aria-label': title },
    el('h2', {}, title), el('p', { class: 'note' }, note), columns.length > SEARCHED_FROM && search, list,
    el('div', { class: 'buttons' },
      el('button', { class: 'button quiet', onclick: () => { reset(); show(); } }, label), el('span', { class: 'grow' }),
      el('button', { class: 'button', onclick: () => dialog.close() }, 'Close')));
  show();
  openDialog(dialog);
}

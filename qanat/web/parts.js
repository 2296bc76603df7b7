/**
 * Parts of the data: in the page, or in files beside it. A page that was opened from disk may not read files, so each of
 * these is a page of its own, in a frame from which nothing comes but a text.
 */
import { byId, el } from './dom.js';

/** Return whether data are in files beside the page. */
export function arePartsBeside() {
  return document.documentElement.dataset.figures === 'beside' && document.documentElement.dataset.live === '';
}

/**
 * Return the text of a part, once it is there.
 * @param {string} name
 * @returns {Promise<string>}
 */
export async function part(name) {
  const place = byId(name);
  if (arePartsBeside() && !place.textContent) place.textContent = await readBeside(name);
  return place.textContent ?? '';
}

/**
 * @param {string} name
 * @returns {Promise<string>}
 */
function readBeside(name) {
  return new Promise((resolve) => {
    const frame = el('iframe', { src: `${name}.html#${document.documentElement.dataset.key}`, hidden: true, sandbox: 'allow-scripts' });
    addEventListener('message', function take(event) {
      if (event.source !== frame.contentWindow || typeof event.data !== 'string') return;
      removeEventListener('message', take);
      frame.remove();
      resolve(event.data);
    });
    document.body.append(frame);
  });
}

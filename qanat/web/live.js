/** Following the stream of the server that serves the page, if one does. */
import { changedReport, readReport } from './data.js';

/** @typedef {import('./app.js').App} App */

const LATER_MS = 500;

/** Return whether the page shows runs as they are now. */
export function isLive() {
  return Boolean(document.documentElement.dataset.live);
}

/** Return what to say of a page that is no longer live, if anything. */
export function silence() {
  return document.documentElement.dataset.connected === 'no' ? 'not live: qanat ui does not answer' : '';
}

/**
 * Take changes from the stream as they come.
 * @param {App} app
 * @param {() => void} turned called when the stream stops, and when it goes on
 */
export function follow(app, turned) {
  const stream = new EventSource(`events?${document.documentElement.dataset.live}`);
  let report = app.report;
  let isWaiting = false;
  const take = () => {
    // A choice that is open would close if it were drawn again.
    isWaiting = isChoosing();
    if (isWaiting) setTimeout(take, LATER_MS);
    else if (report !== app.report) app.replace(report);
  };
  stream.onmessage = (event) => {
    const change = /** @type {any} */ (readReport(event.data));
    report = change.whole ? change : changedReport(report, change);
    if (!isWaiting) take();
  };
  const turn = (/** @type {'yes' | 'no'} */ connected) => {
    if (document.documentElement.dataset.connected === connected) return;
    document.documentElement.dataset.connected = connected;
    turned();
  };
  stream.onopen = () => turn('yes');
  stream.onerror = () => turn('no');
}

/** Return whether the pointer or the keyboard is at something that must not be drawn again now. */
function isChoosing() {
  return document.activeElement?.tagName === 'SELECT' || document.querySelector('#panel :active') !== null;
}

import { clockTime, count, duration, visible } from '../format.js';
import { bandOf, lanesOf, outagesIn } from '../outages.js';
import { openedWords } from '../words.js';
import { byId, el, setAttribute, setText, showItems } from './dom.js';

/** @import { Outage } from '../outages.js' */
/** @import { Picture } from '../wire.js' */

/** Milliseconds. */
const AXIS = 15 * 60_000;
const MOST_LANES = 20;

/** The end of the axis: milliseconds since the epoch, by the clock of the gateway. */
let end = 0;

/**
 * A lane for each upstream whose breaker was not closed, with a band for each such time.
 *
 * @param {Picture} picture
 * @param {number} now milliseconds since the epoch, by the clock of the gateway
 */
export function showLanes({ events, upstreams }, now) {
  end = now;
  const lanes = [...lanesOf(outagesIn(events), now - AXIS)].filter(([id]) => upstreams.has(id));
  byId('outages').hidden = lanes.length === 0;
  showItems(byId('lanes'), lanes.slice(0, MOST_LANES), ([id]) => id, lane);
  const hidden = lanes.length - MOST_LANES;
  byId('more-lanes').hidden = hidden <= 0;
  setText(
    byId('more-lanes'),
    `${count(hidden, 'upstream')} more, whose breakers have closed again or opened earlier.`,
  );
}

/** @type {(item: [string, Outage[]]) => { node: Element, update: (item: [string, Outage[]]) => void }} */
function lane([id]) {
  const track = el('div', 'track');
  const name = el('bdi', 'name', visible(id));
  return {
    node: el('div', { class: 'lane', role: 'group', 'aria-label': visible(id) }, name, track),
    update: ([, outages]) => showItems(track, outages, ({ from }) => String(from), band),
  };
}

/** @type {(outage: Outage) => { node: Element, update: (outage: Outage) => void }} */
function band(first) {
  const node = el('button', { type: 'button' });
  let outage = first;
  const tell = () => setText(byId('band'), bandWords(outage));
  for (const event of ['focus', 'pointerenter', 'click']) node.addEventListener(event, tell);
  return {
    node,
    update(next) {
      outage = next;
      const where = bandOf(outage, { from: end - AXIS, to: end });
      if (!where) return;
      node.style.left = `${where.left * 100}%`;
      node.style.width = `${where.width * 100}%`;
      setAttribute(node, 'class', outage.to === undefined ? 'band open' : 'band');
      // Not with the time that passes, which would be read out each second.
      const { upstream, from, cause } = outage;
      setAttribute(
        node,
        'aria-label',
        `${visible(upstream)}, ${clockTime(from, end)}: ${openedWords(cause)}`,
      );
    },
  };
}

/** @type {(outage: Outage) => string} */
function bandWords({ upstream, from, to, cause, trials }) {
  const time =
    to === undefined
      ? `has not been closed since ${clockTime(from, end)}, for ${duration(end - from)}`
      : `was not closed from ${clockTime(from, end)} to ${clockTime(to, end)}, for ${duration(to - from)}`;
  const failed = trials > 0 ? ` ${count(trials, 'trial')} failed.` : '';
  return `${visible(upstream)} ${time}. ${openedWords(cause)}${failed}`;
}

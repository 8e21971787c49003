import { eventWords } from '../event-words.js';
import { failureWords } from '../failure-words.js';
import { clockTime, visible } from '../format.js';
import { gatewayFacts } from '../words.js';
import { byId, el, setAttribute, setText, showFixedItems, showItems } from './dom.js';

/** @import { Picture, TimelineEvent } from '../wire.js' */

const MOST_EVENTS = 25;
const MOST_FAILURES = 25;

const MARKS = Object.freeze({ bad: '■', warn: '▲', good: '●', note: '○' });

/**
 * @param {TimelineEvent} event
 * @param {number} now milliseconds since the epoch
 * @param {boolean} isNamed whether the upstream is named
 */
export function eventItem(event, now, isNamed) {
  const { tone, what, detail } = eventWords(event);
  const name = 'upstream' in event && isNamed ? event.upstream : undefined;
  const time = el('time', { datetime: event.at }, clockTime(Date.parse(event.at), now));
  const mark = el('span', { class: `mark ${tone}`, 'aria-hidden': 'true' }, MARKS[tone]);
  const text = el('span', 'text', el('strong', {}, what));
  if (name !== undefined) text.prepend(el('bdi', 'name', visible(name)), ' ');
  if (detail !== '') text.append(' ', el('span', 'soft', detail));
  return el('li', {}, time, mark, text);
}

/**
 * @param {Picture} picture
 * @param {number} now milliseconds since the epoch
 */
export function showEvents({ events }, now) {
  const kinds = /** @type {HTMLSelectElement} */ (byId('kind')).value.split(',');
  const wanted = events.filter((event) => (kinds[0] === '' ? !isTrial(event) : kinds.includes(event.kind)));
  const shown = wanted.slice(-MOST_EVENTS).toReversed();
  showFixedItems(
    byId('events'),
    shown,
    ({ id }) => id,
    (event) => eventItem(event, now, true),
  );
  byId('no-events').hidden = shown.length > 0;
}

/**
 * In a long outage, trials would hide everything else.
 *
 * @param {TimelineEvent} event
 */
function isTrial(event) {
  return event.kind === 'transition' && (event.to === 'half-open' || event.reason === 'trial-failed');
}

/**
 * The failures that breakers remember, which is the last five of each upstream.
 *
 * @param {Picture} picture
 * @param {number} now milliseconds since the epoch
 */
export function showFailures({ upstreams }, now) {
  const all = [...upstreams.values()].flatMap(({ id, breaker }) =>
    breaker.lastFailures.map((failure, i) => ({ id, failure, key: `${failure.at} ${id} ${i}` })),
  );
  const shown = all.toSorted((a, b) => (a.failure.at < b.failure.at ? 1 : -1)).slice(0, MOST_FAILURES);
  showFixedItems(
    byId('failures'),
    shown,
    ({ key }) => key,
    ({ id, failure }) =>
      el(
        'li',
        {},
        el('time', { datetime: failure.at }, clockTime(Date.parse(failure.at), now)),
        el('span', 'text', el('bdi', 'name', visible(id)), ' ', el('span', 'soft', failureWords(failure))),
      ),
  );
  byId('no-failures').hidden = shown.length > 0;
}

/**
 * @param {Picture} picture
 * @param {number} now milliseconds since the epoch
 */
export function showGateway(picture, now) {
  const { gateway } = picture;
  if (!gateway) return;
  const facts = gatewayFacts(picture, now);
  setText(byId('gateway'), `${gateway.phase}, revision ${gateway.revision}`);
  showItems(
    byId('warnings'),
    facts.filter(({ isWell }) => !isWell),
    ({ name }) => name,
    () => {
      const node = el('li');
      return { node, update: ({ name, text }) => setText(node, `▲ ${name}: ${text}`) };
    },
  );
  showItems(
    byId('facts'),
    facts,
    ({ name }) => name,
    ({ name }) => {
      const value = el('dd');
      return {
        node: el('div', {}, el('dt', {}, name), value),
        update({ text, isWell }) {
          setText(value, `${isWell ? '' : '▲ '}${text}`);
          setAttribute(value, 'class', isWell ? '' : 'warn');
        },
      };
    },
  );
}

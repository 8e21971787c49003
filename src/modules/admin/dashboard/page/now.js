import { clockTime, count, milliseconds, rate, share, visible, whole } from '../format.js';
import { failingFirst, totals } from '../picture.js';
import { headline, incidentOf, sinceWords, STATUS, trafficWords } from '../words.js';
import { actionBar } from './actions.js';
import { button, byId, el, setAttribute, setText, showFixedItems, showItems, statusBadge } from './dom.js';
import { showDetails } from './details.js';

/** @import { Picture, Report } from '../wire.js' */
/** @import { Incident } from '../words.js' */

/** More would not fit one screen, and whoever has so many looks for what they have in common in the list. */
const MOST_INCIDENTS = 4;

/**
 * The first screen: what is wrong, since when, why, what callers get, and what happens next.
 *
 * @param {Picture} picture
 * @param {number} now milliseconds since the epoch, by the clock of the gateway
 * @param {boolean} isLive whether the picture is that of now
 */
export function showNow(picture, now, isLive) {
  const wrong = [...picture.upstreams.values()]
    .filter(({ status }) => status !== 'ok')
    .toSorted(failingFirst);
  // What was well may not be well any more.
  setText(byId('headline'), `${isLive ? '' : `As of ${clockTime(now, now)}: `}${headline(picture)}`);
  setAttribute(byId('now'), 'class', isLive ? (wrong[0]?.status ?? 'ok') : '');
  const mark = isLive ? wrong.length : 'disconnected';
  document.title = mark === 0 ? 'Breakwater' : `(${mark}) Breakwater`;
  const shown = wrong
    .slice(0, MOST_INCIDENTS)
    .map((report) => ({ report, incident: incidentOf(picture, report, now), now }));
  showItems(
    byId('incidents'),
    shown,
    ({ report }) => report.id,
    ({ report }) => incidentCard(picture, report.id),
  );
  const more = wrong.length - MOST_INCIDENTS;
  byId('more').hidden = more <= 0;
  setText(byId('more'), `${count(more, 'more upstream')} not OK: see the list below, failing first.`);
  showTotals(picture, wrong.length === 0);
}

/** @typedef {{ report: Report, incident: Incident, now: number }} Shown */

/** @type {(picture: Picture, id: string) => { node: Element, update: (shown: Shown) => void }} */
function incidentCard(picture, id) {
  const badge = el('span');
  const what = el('span', 'what');
  const since = el('span', 'since');
  const why = el('dd');
  const callers = el('dd');
  const next = el('dd');
  const advice = el('dd');
  const adviceTitle = el('dt', {}, 'What to do');
  const bar = actionBar(id);
  const title = button(visible(id), () => showDetails(picture, id), 'link name');
  title.setAttribute('dir', 'auto');
  const node = el(
    'article',
    'incident',
    el('h3', {}, badge, ' ', title),
    el('p', 'summary', what, ' ', since),
    el(
      'dl',
      {},
      el('dt', {}, 'Why'),
      why,
      el('dt', {}, 'Callers (10 s)'),
      callers,
      el('dt', {}, 'Next'),
      next,
      adviceTitle,
      advice,
    ),
    bar.node,
  );
  let status = '';
  return {
    node,
    update({ report, incident, now }) {
      if (status !== report.status) {
        status = report.status;
        badge.replaceChildren(statusBadge(report.status, STATUS[report.status]));
        node.setAttribute('class', `incident ${status}`);
      }
      setText(what, incident.what);
      setText(since, incident.since === undefined ? '' : sinceWords(incident.since, now));
      setText(next, incident.next);
      setText(advice, incident.advice ?? '');
      adviceTitle.hidden = advice.hidden = incident.advice === undefined;
      showFixedItems(why, incident.why, String, (text) => el('p', {}, text));
      showFixedItems(callers, incident.callers, String, (text) => el('p', {}, text));
      bar.update(report.breaker);
    },
  };
}

/** @type {(picture: Picture, isCalm: boolean) => void} */
function showTotals(picture, isCalm) {
  const sum = totals(picture.upstreams.values());
  const { requests, errors, replaced, cached, inFlight, queued, slowest } = sum;
  byId('calm').hidden = !isCalm || picture.upstreams.size === 0;
  const opened = picture.events.filter((event) => event.kind === 'transition' && event.to === 'open').length;
  const history = opened === 0 ? 'No breaker has opened since the gateway started.' : 'No breaker is open.';
  setText(byId('calm'), `${trafficWords(sum)}. ${history}`);
  const tiles = [
    ['Requests', `${rate(requests / 10)}/s`, ''],
    ['Errors', share(errors, requests), `${whole(errors)} in 10 s`],
    ['Fallback or stale', share(replaced, requests), `${whole(replaced)} in 10 s`],
    ['From the cache', share(cached, requests), `${whole(cached)} in 10 s`],
    [
      'Slowest p95',
      milliseconds(slowest?.callers.p95),
      slowest?.callers.p95 === undefined ? '' : visible(slowest.id),
    ],
    ['In flight', whole(inFlight), `${whole(queued)} queued`],
  ];
  byId('totals').hidden = picture.upstreams.size === 0;
  showItems(
    byId('totals'),
    tiles,
    ([name = '']) => name,
    ([name = '']) => {
      const value = el('span', 'value');
      const note = el('span', 'note');
      return {
        node: el('div', {}, el('dt', {}, name), el('dd', {}, value, note)),
        update: ([, text = '', detail = '']) => {
          setText(value, text);
          setText(note, detail);
        },
      };
    },
  );
}

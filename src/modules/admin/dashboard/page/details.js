import { probeWords, failureWords } from '../failure-words.js';
import { clockTime, count, duration, visible } from '../format.js';
import { STATUS, incidentOf, sinceWords } from '../words.js';
import { actionBar } from './actions.js';
import { latencyChart, trafficChart } from './charts.js';
import { button, byId, el, setText, showFixedItems, showItems, statusBadge } from './dom.js';
import { eventItem } from './lists.js';
import { readTimeline } from './history.js';

/** @import { Picture, Report, UpstreamTimeline } from '../wire.js' */

/** Milliseconds. */
const READ_EVERY = 3_000;

/** What updates the open dialog. @type {((now: number) => void) | undefined} */
let open;

/**
 * Everything about one upstream, in a dialog.
 *
 * @param {Picture} picture
 * @param {string} id
 */
export function showDetails(picture, id) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('details'));
  const badge = el('span');
  const summary = el('p', 'summary');
  const why = el('div', 'why');
  const bar = actionBar(id);
  const charts = [trafficChart(), latencyChart()];
  const targets = el('tbody');
  const facts = el('dl', 'facts');
  const failures = el('ol');
  const events = el('ol');
  const problem = el('p', { class: 'problem', role: 'status' });
  const close = button('Close', () => dialog.close());
  dialog.replaceChildren(
    el('header', {}, el('h2', { id: 'details-title' }, el('bdi', 'name', visible(id)), ' ', badge), close),
    summary,
    why,
    bar.node,
    problem,
    el('div', 'columns', ...charts.map(({ node }) => node)),
    el('h3', {}, 'Targets'),
    el(
      'table',
      'list',
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ...['Target', 'State', 'In flight'].map((text, i) =>
            el('th', { scope: 'col', class: i === 2 ? 'number' : '' }, text),
          ),
        ),
      ),
      targets,
    ),
    el('h3', {}, 'Calls'),
    facts,
    el('h3', {}, 'Latest failures'),
    failures,
    el('h3', {}, 'What has happened'),
    events,
  );
  /** @type {Report['status'] | undefined} */
  let status;
  open = (now) => {
    const report = picture.upstreams.get(id);
    if (!report) return setText(problem, 'The upstream is not configured any more.');
    if (status !== report.status) {
      status = report.status;
      badge.replaceChildren(statusBadge(status, STATUS[status]));
    }
    const { what, since, why: reasons, callers, next } = incidentOf(picture, report, now);
    const isOk = report.status === 'ok';
    const time = since === undefined ? '' : ` ${sinceWords(since, now)}`;
    setText(summary, isOk ? 'Calls are admitted, and they succeed.' : `${what}${time}. ${next}`);
    showFixedItems(why, isOk ? callers : [...reasons, ...callers], String, (text) => el('p', {}, text));
    bar.update(report.breaker);
    showTargets(targets, report);
    showFacts(facts, report);
    showFailures(failures, report, now);
    return undefined;
  };
  const read = () =>
    readTimeline(id, '15m').then(
      (timeline) => {
        setText(problem, '');
        for (const chart of charts) chart.update(timeline.rates);
        showEvents(events, picture, timeline);
      },
      (error) => setText(problem, `The history cannot be read (${error.message}).`),
    );
  dialog.showModal();
  updateDetails(Date.now() + picture.skew);
  void read();
  const timer = setInterval(() => void read(), READ_EVERY);
  dialog.addEventListener(
    'close',
    () => {
      open = undefined;
      clearInterval(timer);
      for (const chart of charts) chart.destroy();
    },
    { once: true },
  );
}

/** @param {number} now milliseconds since the epoch, by the clock of the gateway */
export function updateDetails(now) {
  open?.(now);
}

/** @type {(node: Element, report: Report) => void} */
function showTargets(node, { targets }) {
  showItems(
    node,
    targets,
    ({ name }) => name,
    ({ name }) => {
      const state = el('td');
      const inFlight = el('td', 'number');
      return {
        node: el('tr', {}, el('th', { scope: 'row' }, el('bdi', 'name', visible(name))), state, inFlight),
        update(target) {
          const trial = target.trialIn === undefined ? '' : `, trial in ${duration(target.trialIn * 1_000)}`;
          const text = `${target.state === 'available' ? '●' : '■'} ${target.state}${trial}`;
          setText(state, text);
          state.setAttribute('class', target.state === 'available' ? 'good' : 'bad');
          setText(inFlight, String(target.inFlight));
        },
      };
    },
  );
}

/** @type {(node: Element, report: Report) => void} */
function showFacts(node, { breaker, bulkhead, callers, fallback, probe, ignoredProbe }) {
  const { successes, failures } = breaker.votes;
  const replacement = fallback && [fallback.stale && 'stale copy', fallback.upstream, fallback.status];
  const facts = [
    ['Breaker', `${breaker.state}${breaker.mode === 'shadow' ? ', shadow mode' : ''}`],
    ['In its window', `${count(successes + failures, 'call')}, ${failures} failed`],
    ['Bulkhead', `${bulkhead.inFlight} in flight, ${bulkhead.queued} queued`],
    ['Transfers', String(bulkhead.streams)],
    ['Rejected in 10 s', `${callers.rejected} by the breaker, ${callers.overloaded} by the bulkhead`],
    ['Fallback', replacement ? replacement.filter(Boolean).join(', ') : 'none'],
    ['Probe', probe ? `${probe.passed ? 'passed' : 'failed'}: ${probeWords(probe.detail)}` : 'none'],
    ...(ignoredProbe
      ? [['Probes are ignored', `None has passed since the start: ${ignoredProbe.result}`]]
      : []),
  ];
  showItems(
    node,
    facts,
    ([name = '']) => name,
    ([name = '']) => {
      const value = el('dd');
      return {
        node: el('div', {}, el('dt', {}, name), value),
        update: ([, text = '']) => setText(value, visible(text)),
      };
    },
  );
}

/** @type {(node: Element, report: Report, now: number) => void} */
function showFailures(node, { breaker }, now) {
  const items = breaker.lastFailures
    .toReversed()
    .map((failure, i) => ({ failure, key: `${failure.at} ${i}` }));
  showFixedItems(
    node,
    items,
    ({ key }) => key,
    ({ failure }) =>
      el(
        'li',
        {},
        el('time', {}, clockTime(Date.parse(failure.at), now)),
        el('span', {}, failureWords(failure)),
      ),
  );
  if (items.length === 0) node.replaceChildren();
}

/** @type {(node: Element, picture: Picture, timeline: UpstreamTimeline) => void} */
function showEvents(node, picture, { events }) {
  showFixedItems(
    node,
    events,
    ({ id }) => id,
    (event) => eventItem(event, Date.now() + picture.skew, false),
  );
}

// @ts-check

/** @import { Message, Overview, Picture, Report, RouteTraffic, Tick, TimelineEvent } from './wire.js' */

/** As many as the gateway keeps. */
const KEPT_EVENTS = 1_000;

/** @returns {Picture} */
export function emptyPicture() {
  const topRoutes = { seconds: 0, routes: [] };
  return { at: 0, skew: 0, upstreams: new Map(), topRoutes, providers: [], events: [], seen: new Set() };
}

/**
 * Adds what a message of the event stream tells.
 *
 * @param {Picture} picture
 * @param {Message} message
 * @param {number} now milliseconds since the epoch
 */
export function addMessage(picture, { name, data }, now) {
  switch (name) {
    case 'overview':
      addOverview(picture, /** @type {Overview} */ (data), now);
      break;
    case 'tick':
      addTick(picture, /** @type {Tick} */ (data), now);
      break;
    case 'gap':
      break;
    default:
      addEvent(picture, /** @type {TimelineEvent} */ (data));
  }
}

/** @type {(picture: Picture, overview: Overview, now: number) => void} */
function addOverview(picture, { at, gateway, upstreams, topRoutes, providers }, now) {
  date(picture, at, now);
  picture.gateway = gateway;
  picture.topRoutes = topRoutes;
  picture.providers = providers;
  picture.upstreams.clear();
  for (const upstream of upstreams) picture.upstreams.set(upstream.id, upstream);
}

/** @type {(picture: Picture, tick: Tick, now: number) => void} */
function addTick(picture, { at, gateway, upstreams, topRoutes, removed }, now) {
  date(picture, at, now);
  picture.gateway = gateway;
  picture.topRoutes = topRoutes;
  for (const upstream of upstreams) picture.upstreams.set(upstream.id, upstream);
  for (const id of removed) picture.upstreams.delete(id);
}

/** @type {(picture: Picture, at: string, now: number) => void} */
function date(picture, at, now) {
  picture.at = Date.parse(at);
  picture.skew = picture.at - now;
}

/** @type {(picture: Picture, event: TimelineEvent) => void} */
function addEvent(picture, event) {
  // A reader that connects again may get an event twice.
  if (picture.seen.has(event.id)) return;
  picture.seen.add(event.id);
  picture.events.push(event);
  if (picture.events.length <= KEPT_EVENTS) return;
  const [oldest] = picture.events.splice(0, 1);
  if (oldest) picture.seen.delete(oldest.id);
}

/** @type {Readonly<Record<Report['status'], number>>} */
const SEVERITY = { down: 0, degraded: 1, ok: 2 };

/**
 * What is most wrong comes first, and of that what most callers get as an error.
 *
 * @type {(a: Report, b: Report) => number}
 */
export function failingFirst(a, b) {
  return (
    SEVERITY[a.status] - SEVERITY[b.status] ||
    (a.status === 'ok' ? 0 : b.callers.errors - a.callers.errors) ||
    (a.id < b.id ? -1 : 1)
  );
}

/** @type {Readonly<Record<string, (a: Report, b: Report) => number>>} */
export const ORDERS = {
  failing: failingFirst,
  name: (a, b) => (a.id < b.id ? -1 : 1),
  requests: (a, b) => b.callers.requests - a.callers.requests,
  errors: (a, b) => b.callers.errors - a.callers.errors,
  slow: (a, b) => (b.callers.p95 ?? -1) - (a.callers.p95 ?? -1),
};

/**
 * @param {Iterable<Report>} upstreams
 * @param {string} search in their names and the names of their targets
 * @param {string} order
 */
export function listed(upstreams, search, order) {
  const wanted = search.trim().toLowerCase();
  const found = [...upstreams].filter(
    ({ id, targets }) =>
      id.toLowerCase().includes(wanted) || targets.some(({ name }) => name.toLowerCase().includes(wanted)),
  );
  return found.toSorted(ORDERS[order] ?? failingFirst);
}

/** Of each order, the gateway tells so many. */
const TOP_ROUTES = 10;

/**
 * @param {Picture} picture
 * @param {'errors' | 'requests'} order
 * @returns {readonly RouteTraffic[]} the first ones
 */
export function topRoutes({ topRoutes: { routes } }, order) {
  return routes.toSorted((a, b) => b[order] - a[order] || b.requests - a.requests).slice(0, TOP_ROUTES);
}

/**
 * What the callers of all upstreams got in the last ten seconds.
 *
 * @param {Iterable<Report>} upstreams
 */
export function totals(upstreams) {
  const sum = { requests: 0, errors: 0, replaced: 0, cached: 0, inFlight: 0, queued: 0 };
  const statuses = { down: 0, degraded: 0, ok: 0 };
  /** @type {Report | undefined} */
  let slowest;
  for (const upstream of upstreams) {
    const { callers, bulkhead, status } = upstream;
    sum.requests += callers.requests;
    sum.errors += callers.errors;
    sum.replaced += callers.fallbacks + callers.stale;
    sum.cached += callers.cached;
    sum.inFlight += bulkhead.inFlight;
    sum.queued += bulkhead.queued;
    statuses[status]++;
    if ((callers.p95 ?? -1) > (slowest?.callers.p95 ?? -1)) slowest = upstream;
  }
  return { ...sum, ...statuses, slowest };
}

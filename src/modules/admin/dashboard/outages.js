// @ts-check

/** @import { TimelineEvent, Transition } from './wire.js' */

/**
 * A time in which a breaker was not closed. A trial that fails continues it.
 *
 * @typedef {object} Outage
 * @property {string} upstream
 * @property {number} from milliseconds since the epoch
 * @property {number | undefined} to missing while it lasts
 * @property {Transition} cause what opened the breaker
 * @property {number} trials that have failed
 */

/**
 * @param {readonly TimelineEvent[]} events oldest first
 * @returns {Outage[]} oldest first
 */
export function outagesIn(events) {
  /** @type {Outage[]} */
  const outages = [];
  /** @type {Map<string, Outage>} */
  const open = new Map();
  for (const event of events) {
    if (event.kind === 'upstream' && event.isRemoved) end(event.upstream, event.at);
    if (event.kind !== 'transition') continue;
    const outage = open.get(event.upstream);
    if (event.to === 'closed') end(event.upstream, event.at);
    else if (!outage) begin(event);
    else if (event.reason === 'trial-failed') outage.trials++;
  }
  return outages;

  /** @param {Transition} cause */
  function begin(cause) {
    const { upstream, at } = cause;
    const outage = { upstream, from: Date.parse(at), to: undefined, cause, trials: 0 };
    outages.push(outage);
    open.set(upstream, outage);
  }

  /** @type {(upstream: string, at: string) => void} */
  function end(upstream, at) {
    const outage = open.get(upstream);
    if (outage) outage.to = Date.parse(at);
    open.delete(upstream);
  }
}

/**
 * @param {readonly TimelineEvent[]} events
 * @param {string} upstream
 * @returns what keeps its breaker from being closed now, if its beginning is known
 */
export function currentOutage(events, upstream) {
  const last = outagesIn(events.filter((event) => 'upstream' in event && event.upstream === upstream)).at(-1);
  return last?.to === undefined ? last : undefined;
}

/**
 * Where an outage is on an axis, as shares of its length.
 *
 * @param {Pick<Outage, 'from' | 'to'>} outage
 * @param {{ readonly from: number, readonly to: number }} axis milliseconds since the epoch
 * @returns nothing when it is not on the axis
 */
export function bandOf({ from, to = Infinity }, axis) {
  const [start, end] = [Math.max(from, axis.from), Math.min(to, axis.to)];
  if (end < axis.from || start > axis.to) return undefined;
  const length = axis.to - axis.from;
  return { left: (start - axis.from) / length, width: (end - start) / length };
}

/**
 * @param {readonly Outage[]} outages
 * @param {number} since milliseconds since the epoch
 * @returns {Map<string, Outage[]>} those that reach beyond `since`, by upstream: what is open now first, then the newest
 */
export function lanesOf(outages, since) {
  /** @type {Map<string, Outage[]>} */
  const lanes = new Map();
  const shown = outages.filter(({ to = Infinity }) => to > since);
  const newestFirst = shown.toSorted(
    (a, b) => Number(a.to !== undefined) - Number(b.to !== undefined) || b.from - a.from,
  );
  for (const outage of newestFirst) {
    const lane = lanes.get(outage.upstream);
    if (lane) lane.push(outage);
    else lanes.set(outage.upstream, [outage]);
  }
  return lanes;
}

import { breakerBands } from './transitions.js';
import { type Outage, outagesOf } from './outages.js';
import { isAnswered, ofFlow, outcomeOf } from './records.js';
import type { Recording } from './recording.js';
import { largest, quantile, quantileAtLeast } from './statistics.js';
import { intervalOf, overlaps, withoutStalls } from './timing.js';
import { type Interval, type RequestRecord, SERVICE_OF } from './types.js';

export interface Objective {
  readonly title: string;
  /** An objective that could not be measured counts as failed. */
  readonly status: 'held' | 'failed' | 'not measured';
  readonly measured: string;
  readonly limit: string;
}

/** Fewer requests say nothing about a p99. */
const LEAST_REQUESTS = 50;
/** Fewer answers from behind an open breaker say nothing about their p99. */
const LEAST_ANSWERS = 20;
/** Milliseconds until an answer while a breaker is open. */
const QUICK = 100;
/**
 * Milliseconds, from gateway.yaml: `openFor` and two probes, each of which begins an `unhealthyInterval` with its jitter
 * after the one before, and ends within its `timeout`.
 */
const RECOVERY = 2_000 + 2 * (1_100 + 800);
/** Milliseconds in which users of the cached route have asked for everything again. */
const REFILL = 10_000;
/** What compiled code, caches and metrics of new labels may add. A leak of 1 KiB a request exceeds it within minutes. */
const HEAP_GROWTH_MIB = 8;
/** Sockets and timers that come and go, such as those of a probe. A leak of one for a request exceeds it within a second. */
const RESOURCE_GROWTH = 10;

/** @returns what was promised, what was measured, and whether the promise held */
export function judge(recording: Recording): Objective[] {
  const { faults, transitions, measured } = recording;
  const outages = outagesOf(faults, transitions, measured.to);
  const requests = recording.requests.filter(({ at }) => at >= measured.from && at <= measured.to);
  const seen = { ...recording, requests };
  const ordersAway = outages.filter(({ service }) => service === 'orders');
  return [
    usersAnswered(seen, ordersAway),
    usersQuick(seen, ordersAway),
    ordersAnswered(seen),
    ordersQuick(seen),
    recovery(outages, transitions),
    cachedAnswered(seen, outages),
    othersAnswered(seen, outages),
    growth('Heap of the gateway after the run', 'MiB', HEAP_GROWTH_MIB, recording, 'heapMiB'),
    growth('Sockets of the gateway after the run', '', RESOURCE_GROWTH, recording, 'sockets'),
    growth('Timers of the gateway after the run', '', RESOURCE_GROWTH, recording, 'timers'),
  ];
}

const during = (requests: readonly RequestRecord[], intervals: readonly Interval[]) =>
  requests.filter((request) => intervals.some((interval) => overlaps(intervalOf(request), interval)));

const latencies = (requests: readonly RequestRecord[]) => requests.map(({ ms }) => ms);

function usersAnswered({ requests }: Recording, ordersAway: readonly Outage[]): Objective {
  const asked = during(ofFlow(requests, 'users'), ordersAway);
  return noneOf('Errors of users while orders is away', asked, (request) => !isAnswered(request));
}

function usersQuick(recording: Recording, ordersAway: readonly Outage[]): Objective {
  const users = usersTimed(recording);
  const before = latencies(during(users, [recording.baseline]));
  const away = latencies(during(users, ordersAway));
  const limit = usersLimit(recording);
  const p99 = quantile(away, 0.99);
  // A few requests of bad luck are no proof.
  const least = quantileAtLeast(away, 0.99);
  const doubt = p99 < limit ? '' : `; at least ${millis(least)} with 95% confidence`;
  return {
    title: 'p99 of users while orders is away',
    status: verdict(Math.min(before.length, away.length) >= LEAST_REQUESTS, least < limit),
    measured: `${millis(p99)} (${away.length} requests${doubt})`,
    limit: `< ${millis(limit)}, twice the p99 before the first fault`,
  };
}

/** @returns milliseconds that the p99 of users must stay below */
export function usersLimit(recording: Recording): number {
  return 2 * quantile(latencies(during(usersTimed(recording), [recording.baseline])), 0.99);
}

const usersTimed = ({ requests, stalls }: Recording) =>
  withoutStalls(ofFlow(requests, 'users').filter(isAnswered), stalls);

function ordersAnswered({ requests }: Recording): Objective {
  const isUnanswered = (request: RequestRecord) => !isAnswered(request);
  return noneOf('Requests for orders without an answer', ofFlow(requests, 'orders'), isUnanswered);
}

function ordersQuick(recording: Recording): Objective {
  const { requests, stalls, transitions, measured } = recording;
  const open = breakerBands(transitions, measured.to).filter(
    ({ upstream, state }) => upstream === 'orders' && state === 'open',
  );
  // What comes shortly before the open time is over can still be sent to the service.
  const asked = withoutStalls(ofFlow(requests, 'orders'), stalls).filter(({ at }) =>
    open.some(({ from, to }) => at >= from && at <= to - QUICK),
  );
  const times = latencies(asked);
  return {
    title: 'p99 of the answers for orders while its breaker is open',
    status: verdict(asked.length >= LEAST_ANSWERS, quantileAtLeast(times, 0.99) <= QUICK),
    measured:
      asked.length === 0
        ? 'no requests'
        : `${millis(quantile(times, 0.99))}, slowest ${millis(largest(times))} (${asked.length} requests)`,
    limit: `≤ ${millis(QUICK)}`,
  };
}

function recovery(outages: readonly Outage[], transitions: Recording['transitions']): Objective {
  const opened = outages.filter((outage) =>
    transitions.some(
      ({ upstream, to, at }) =>
        upstream === outage.service && to === 'open' && at >= outage.from && at <= outage.to,
    ),
  );
  const longest = largest(opened.map(({ backAt, to }) => to - backAt));
  return {
    title: 'Longest time from the return of a service to its closed breaker',
    status: verdict(opened.length > 0, longest <= RECOVERY),
    measured:
      opened.length === 0
        ? 'no breaker opened'
        : `${seconds(longest)} (${opened.length} ${opened.length === 1 ? 'outage' : 'outages'})`,
    limit: `≤ ${seconds(RECOVERY)}: openFor and two probes`,
  };
}

/** A gateway whose Redis has lost its data drops its copies, see docs/redis.md, and needs the service to have some again. */
function cachedAnswered({ requests, faults, measured }: Recording, outages: readonly Outage[]): Objective {
  const losses = faults
    .filter(({ target, kind }) => target === 'redis' && kind !== 'freeze')
    .map(({ from, to = measured.to }) => ({ from, to: to + REFILL }));
  const together = outages.filter(
    (outage) => outage.service === SERVICE_OF.cached && losses.some((loss) => overlaps(loss, outage)),
  );
  const lost = new Set(during(ofFlow(requests, 'cached'), together));
  const asked = ofFlow(requests, 'cached').filter((request) => !lost.has(request));
  const isUnanswered = (request: RequestRecord) => !isAnswered(request);
  return noneOf('Requests of the cached route without an answer', asked, isUnanswered);
}

function othersAnswered({ requests }: Recording, outages: readonly Outage[]): Objective {
  const own = (request: RequestRecord) =>
    outages.filter(({ service }) => service === SERVICE_OF[request.flow]);
  const asked = ofFlow(requests, 'users', 'streaming', 'websocket').filter(
    (request) => during([request], own(request)).length === 0,
  );
  return noneOf('Errors of users, streams and WebSockets whose own service is up', asked, (request) =>
    ['rejected', 'failed', 'none'].includes(outcomeOf(request)),
  );
}

function noneOf(
  title: string,
  asked: readonly RequestRecord[],
  isBad: (request: RequestRecord) => boolean,
): Objective {
  const bad = asked.filter(isBad);
  const causes = [...new Set(bad.map(({ error, status }) => error ?? String(status)))].join(', ');
  return {
    title,
    status: verdict(asked.length > 0, bad.length === 0),
    measured: `${bad.length} of ${asked.length} requests${causes ? ` (${causes})` : ''}`,
    limit: '0',
  };
}

function growth(
  title: string,
  unit: string,
  allowed: number,
  { footprint: { before, after } }: Recording,
  key: 'heapMiB' | 'sockets' | 'timers',
): Objective {
  const format = (value: number) => `${Math.round(value * 10) / 10} ${unit}`.trim();
  return {
    title,
    status: verdict(true, after[key] <= before[key] + allowed),
    measured: format(after[key]),
    limit: `≤ ${format(before[key] + allowed)}: ${format(allowed)} more than before`,
  };
}

function verdict(isMeasured: boolean, holds: boolean): Objective['status'] {
  if (!isMeasured) return 'not measured';
  return holds ? 'held' : 'failed';
}

const millis = (ms: number) => `${Math.round(ms)} ms`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

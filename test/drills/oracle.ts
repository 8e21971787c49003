import { breakerCloses, breakerOpens } from './breaker-oracle.js';
import { first, type Interval, isStored, lifeOf, resourceOf, ServiceFacts } from './facts.js';
import { stillHeld } from './held.js';
import type { Arrival, ClientRecord, DrainRecord, Recording } from './recording.js';
import { MOST_WAITS, SLACK } from './scenario.js';
import { isSentOnce, isTriedElsewhere, refusedIsNotSent, retriesAreFew } from './sending-oracle.js';

/** Milliseconds within which those who waited for a response have looked into the cache. */
const RELEASE_MS = 500;
/** Requests that were looked at of those that may be a violation. */
const ENOUGH = 20;

export interface Violation {
  readonly invariant: Invariant;
  readonly service?: string;
  readonly detail: string;
}

type Check = (facts: ServiceFacts) => string | undefined;

/** What has to hold for each service, whatever happens. Each check tells what contradicts it. */
const INVARIANTS = {
  /** A request within capacity to a healthy service gets the response of a target. */
  'is answered': isAnswered,
  /** A response that a target gave in time reaches the client. */
  'gets the response': getsTheResponse,
  /** What can be repeated does not fail because of one target while another one is well. */
  'is tried elsewhere': isTriedElsewhere,
  /** A breaker opens only when its service failed as often as its rules say. */
  'breaker opens': breakerOpens,
  /** A breaker closes within its rules once its service is well. */
  'breaker closes': breakerCloses,
  /** What cannot be repeated reaches a target at most once, what can be no more often than retries allow. */
  'is sent once': isSentOnce,
  /** Retries do not multiply the load: there are few more calls than requests. */
  'retries are few': retriesAreFew,
  /** A request that the gateway refuses reaches no target. */
  'refused is not sent': refusedIsNotSent,
  /** Every client gets its response head, or is disconnected, within its deadline. */
  'is in time': isInTime,
  /** No body belongs to another request or user, and no part of a body looks whole. */
  'has its own bytes': hasItsOwnBytes,
  /** There is at most one call at a time for a stored resource, and none while the copy is fresh. */
  'makes one call': makesOneCall,
} satisfies Record<string, Check>;

export type Invariant =
  | keyof typeof INVARIANTS
  /** On SIGTERM the gateway answers what it has accepted, and ends in time. */
  | 'drains'
  | 'releases everything';

/** @returns everything in the recording that must not happen */
export function judge(recording: Recording): Violation[] {
  const violations: Violation[] = [];
  for (const plan of recording.scenario.services) {
    const facts = new ServiceFacts(recording, plan);
    for (const [invariant, check] of Object.entries(INVARIANTS) as [Invariant, Check][]) {
      const detail = check(facts);
      if (detail !== undefined) violations.push({ invariant, service: plan.id, detail });
    }
  }
  const lost = lostInDrain(recording.drain);
  if (lost !== undefined) violations.push({ invariant: 'drains', detail: lost });
  const kept = stillHeld(recording.rest.before, recording.rest.after);
  if (kept.length > 0) violations.push({ invariant: 'releases everything', detail: kept.join('; ') });
  return violations;
}

function isAnswered(facts: ServiceFacts): string | undefined {
  const { timeout } = facts.limits;
  const suspects = facts.requests.filter((request) => {
    const { kind, end, key } = request;
    if (end === 'left' || isFine(request)) return false;
    const query = new URL(key, 'http://drill').searchParams;
    const takes = Number(query.get('ms')) + (isStored({ kind }) ? Number(query.get('over')) : 0);
    return takes < timeout / 2 && facts.isCalmDuring(lifeOf(request)) && !facts.isDuringPause(request);
  });
  return first(
    suspects.slice(0, ENOUGH).filter((each) => facts.isWithinCapacity(each)),
    suspects.length,
  );
}

function getsTheResponse(facts: ServiceFacts): string | undefined {
  const inTime = facts.limits.timeout * 0.4;
  const suspects = facts.requests.filter((request) => {
    if (request.end === 'left' || isStored(request) || isFine(request) || facts.isDuringPause(request))
      return false;
    return facts.arrivalsOf(request).some((arrival) => {
      const { service, status, end, target, headAt = Infinity } = arrival;
      if (service !== facts.id || status !== 200 || end !== 'whole' || headAt - request.sentAt > inTime)
        return false;
      return facts.isWellDuring(target, lifeOf(request));
    });
  });
  return first(suspects);
}

function isInTime(facts: ServiceFacts): string | undefined {
  const { timeout } = facts.limits;
  const sum = (intervals: readonly Interval[]) => intervals.reduce((ms, { from, to }) => ms + to - from, 0);
  const paused = sum(facts.pauses);
  // Where processes of the drill wait for the CPU, so does the gateway.
  const stalled = sum(facts.recording.stalls.filter(({ of }) => of === 'drill'));
  return first(
    facts.requests.filter(({ kind, end, endAt = Infinity, headAt = endAt, sentAt }) => {
      if (end === 'hung' || end === undefined) return true;
      // Responses on one connection wait for each other.
      return kind !== 'pipeline' && headAt - sentAt > MOST_WAITS * timeout + paused + stalled + SLACK;
    }),
  );
}

function hasItsOwnBytes(facts: ServiceFacts): string | undefined {
  const arrivals = new Map(facts.recording.arrivals.map((each) => [each.serial, each]));
  return first(
    facts.requests.filter((request) => {
      const { tag, key, user, bytes, uploaded, id } = request;
      if (!isFine(request)) return false;
      if (request.method === 'HEAD') return bytes > 0;
      if (!tag || tag.key !== key || tag.user !== user || tag.bytes !== bytes) return true;
      // A target that was killed may not have told of it.
      const arrival = arrivals.get(tag.serial);
      if (arrival && (arrival.key !== key || arrival.user !== user)) return true;
      return (
        !isStored(request) && (tag.received !== uploaded || (arrival !== undefined && arrival.id !== id))
      );
    }),
  );
}

function makesOneCall(facts: ServiceFacts): string | undefined {
  if (facts.bad.some((times) => times.length > 0) || facts.plan.config.hedge) return undefined;
  // What memory has may be outdated while Redis is away, so it is not used.
  if (facts.recording.scenario.redis && facts.recording.faults.length > 0) return undefined;
  const judged = new Set(facts.requests.filter(({ kind }) => kind === 'judged').map(({ id }) => id));
  const stored = new Set(facts.requests.filter(isStored).map(resourceOf));
  const calls = Map.groupBy(
    // A call whose client has left, or whose deadline has passed, ends a moment after the next one starts.
    facts.arrivals.filter((each) => {
      return each.end !== 'gone' && stored.has(resourceOf(each)) && !judged.has(each.id);
    }),
    resourceOf,
  );
  for (const [resource, arrivals] of calls) {
    const inOrder = arrivals.toSorted((a, b) => a.at - b.at);
    const extra = inOrder.filter((arrival, i) => {
      const before = inOrder.slice(0, i);
      return (
        before.some((each) => each.id !== arrival.id && (each.endAt ?? Infinity) > arrival.at) ||
        before.some((each) => isCopyFor(each, arrival))
      );
    });
    if (extra.length > 0)
      return `${extra.length} of ${arrivals.length} calls for ${resource} were not needed`;
  }
  return undefined;
}

function isCopyFor({ end, status, endAt = Infinity }: Arrival, { at }: Arrival): boolean {
  return end === 'whole' && status === 200 && at > endAt + RELEASE_MS;
}

function lostInDrain({ requests, exit }: DrainRecord): string | undefined {
  if (exit !== 0) return `the exit code is ${exit}`;
  return first(requests.filter(({ end }) => end !== 'whole' && end !== 'refused'));
}

function isFine({ status, end }: ClientRecord): boolean {
  return (status === 200 || status === 101) && end === 'whole';
}

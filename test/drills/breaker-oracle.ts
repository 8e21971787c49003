import type { ServiceFacts } from './facts.js';
import type { Transition } from './recording.js';
import { SLACK } from './scenario.js';

/** Milliseconds by which a vote may be seen late by a client. */
const VOTE_SLACK = 1_000;
const JITTER = 1.2;

/** Every time that the breaker opened, its service has failed as often as its rules say, by what the targets saw. */
export function breakerOpens(facts: ServiceFacts): string | undefined {
  for (const transition of opened(facts)) {
    const { at, reason } = transition;
    const { timeout, window } = facts.limits;
    const counted = { from: at - window - VOTE_SLACK, to: at + VOTE_SLACK };
    const needed = failuresFor(transition, facts);
    const failed = facts.requests.filter(
      ({ sentAt, endAt = Infinity }) => sentAt <= counted.to && endAt >= counted.from,
    );
    const failures = failed.filter((each) => facts.mayHaveFailed(each)).length;
    const told = `${reason}: ${failures} of ${failed.length} requests may have failed`;
    if (reason !== 'health' && failures < needed) return `${told}, and ${needed} are needed`;
    if (facts.plan.targets === 1) continue;
    // The breaker is for the service: it stays closed while a target is well and gives responses.
    const successes = facts.successesOfWellTargets({ from: at - Math.max(timeout, window), to: at });
    if (successes > 0) return `${told}, while a target that was well gave ${successes} responses`;
  }
  return undefined;
}

/** Once the service is well, it is reached again when the open time of its breaker is over. */
export function breakerCloses(facts: ServiceFacts): string | undefined {
  const { openFor, maxOpenFor, timeout } = facts.limits;
  const recovery = facts.recording.recoveries.find(({ service }) => service === facts.id);
  if (!recovery) return undefined;
  const trips = opened(facts).length;
  const open = trips === 0 ? 0 : Math.min(openFor * 2 ** (trips - 1) * JITTER, maxOpenFor);
  const { answeredAt = Infinity, wellAt } = recovery;
  if (answeredAt - wellAt <= open + timeout + SLACK) return undefined;
  return `the service was well for ${answeredAt - wellAt} ms, with a breaker that may stay open for ${open} ms`;
}

function opened({ id, recording }: ServiceFacts): Transition[] {
  return recording.transitions.filter(({ service, to }) => service === id && to === 'open');
}

function failuresFor({ reason }: Transition, { limits }: ServiceFacts): number {
  const { errorRate, minRequests, consecutiveFailures } = limits;
  if (reason === 'consecutive-failures') return consecutiveFailures;
  return reason === 'error-rate' ? Math.ceil(errorRate * minRequests) : 1;
}

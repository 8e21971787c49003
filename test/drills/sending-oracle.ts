import { first, isStored, lifeOf, type ServiceFacts } from './facts.js';

/** The gateway refused to send these anywhere. */
const REFUSALS = new Set(['breaker_open', 'bulkhead_full', 'token_missing', 'token_invalid', 'no_route']);
/** To a fallback upstream with the shipped settings and one target. */
const MOST_TRIES = 2;
const UPSTREAM_FAILED = new Set(['upstream_unreachable', 'upstream_reset', 'upstream_timeout']);
const SAFE = new Set(['GET', 'HEAD']);
const REPEATABLE = new Set([...SAFE, 'PUT', 'DELETE']);
/** The shipped `retry.budget`, and the retries beside it: three that are always allowed, and trials of targets. */
const RETRY_BUDGET = 0.2;
const SPARE_RETRIES = 10;
/** Those of the first moments of a fault, for which the retry budget may be too small. */
const SPARE_FAILURES = 5;
const FAILED_SHARE = 0.03;

export function isSentOnce(facts: ServiceFacts): string | undefined {
  const { attempts } = facts.limits;
  const { config, targets } = facts.plan;
  const { hedge, fallback } = config;
  return first(
    facts.requests.filter((request) => {
      // A safe try whose target seems frozen is made a second time with another target. `hedge` does so without retries too.
      const isRaced = SAFE.has(request.method) && (hedge !== undefined || (attempts > 0 && targets > 1));
      const twice = isRaced ? 2 : 1;
      const elsewhere = fallback ? MOST_TRIES : 0;
      const most = REPEATABLE.has(request.method) ? (1 + attempts) * twice + elsewhere : 1;
      return facts.arrivalsOf(request).length > most;
    }),
  );
}

export function retriesAreFew(facts: ServiceFacts): string | undefined {
  const { requests, id } = facts;
  const arrivals = requests.flatMap((each) => facts.arrivalsOf(each)).filter(({ service }) => service === id);
  // The budget does not count tries in place of a target that seems frozen. There is one for a request.
  const perRequest = facts.plan.targets > 1 ? 2 : 1;
  const most = requests.length * (perRequest + RETRY_BUDGET) + SPARE_RETRIES;
  if (arrivals.length <= most) return undefined;
  return `${arrivals.length} calls for ${requests.length} requests`;
}

export function isTriedElsewhere(facts: ServiceFacts): string | undefined {
  if (facts.limits.attempts === 0) return undefined;
  const repeatable = facts.requests.filter((request) => {
    return (
      REPEATABLE.has(request.method) && !isStored(request) && facts.wellTargetsDuring(lifeOf(request)) > 0
    );
  });
  // A write that has used all of its time at a frozen target is not sent to another one.
  const failed = repeatable.filter(
    ({ code, method }) =>
      code !== undefined && UPSTREAM_FAILED.has(code) && (SAFE.has(method) || code !== 'upstream_timeout'),
  );
  return failed.length > SPARE_FAILURES + repeatable.length * FAILED_SHARE ? first(failed) : undefined;
}

export function refusedIsNotSent(facts: ServiceFacts): string | undefined {
  return first(
    facts.requests.filter((each) => {
      // A response that asked for a retry is gone when the breaker opens before the retry.
      const arrivals = facts.arrivalsOf(each).filter(({ status = 0 }) => status < 500);
      return REFUSALS.has(each.code ?? '') && arrivals.length > 0;
    }),
  );
}

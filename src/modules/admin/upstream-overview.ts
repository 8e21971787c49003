import type { FallbackConfig } from '../config/gateway-config.js';
import type { UpstreamOverview } from '../timeline/shapes.js';
import { targetStateOf } from '../timeline/target-state.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';

/** @returns what one process knows of an upstream */
export function overviewOf(upstream: UpstreamProxy): UpstreamOverview {
  const { id, config, bulkhead, targets, probes, clock } = upstream;
  return {
    id,
    breaker: breakerOf(upstream),
    fallback: config.fallback && fallbackOf(config.fallback),
    probe: config.health && probes.last,
    ignoredProbe: probes.isIgnored ? { path: config.health?.path, result: probes.last?.detail } : undefined,
    bulkhead: { inFlight: bulkhead.inFlight, queued: bulkhead.queued, streams: bulkhead.streams },
    targets: targets.all.map((target) => ({
      name: target.name,
      state: targetStateOf(target),
      trialIn: target.ejected ? Math.max(0, Math.ceil((target.trialFrom - clock.now()) / 1000)) : undefined,
      inFlight: target.inFlight,
    })),
  };
}

function breakerOf({ breaker, config }: UpstreamProxy): UpstreamOverview['breaker'] {
  const { state, since, isolatedFor } = breaker;
  return {
    state,
    mode: config.breaker.mode,
    since,
    reason: since && breaker.reason,
    retryAfter: state === 'open' ? breaker.retryAfterSeconds : undefined,
    isolatedFor: isolatedFor > 0 ? secondsOrForever(isolatedFor) : undefined,
    votes: breaker.votes.counts,
    lastFailures: breaker.lastFailures,
  };
}

function secondsOrForever(ms: number): number | null {
  return ms === Number.POSITIVE_INFINITY ? null : Math.ceil(ms / 1000);
}

function fallbackOf({ stale, upstream, response }: FallbackConfig): UpstreamOverview['fallback'] {
  return { stale, upstream, status: response?.status };
}

import type { UpstreamProxy } from '../upstream/upstream-proxy.js';

export type UpstreamOverview = ReturnType<typeof overviewOf>;

/** @returns what `GET /admin/overview` shows of an upstream */
export function overviewOf({ id, config, breaker, bulkhead, targets, probes }: UpstreamProxy) {
  return {
    id,
    breaker: {
      state: breaker.state,
      /** Seconds until the next trial; set only while it is open. */
      ...(breaker.state === 'open' ? { retryAfter: breaker.retryAfterSeconds } : {}),
      /** At most the last five, oldest first. */
      lastFailures: breaker.lastFailures,
    },
    /** Set only while probes fail and are ignored, because none has passed since the start. */
    ...(probes.isIgnored ? { ignoredProbe: { path: config.health?.path, result: probes.last?.detail } } : {}),
    bulkhead: { inFlight: bulkhead.inFlight, queued: bulkhead.queued, streams: bulkhead.streams },
    targets: targets.all.map(({ name, healthy, ejected, inFlight }) => ({
      /** Host and port. */
      name,
      state: !healthy ? 'unhealthy' : ejected ? 'ejected' : 'available',
      /** Tries in flight and open WebSockets. */
      inFlight,
    })),
  };
}

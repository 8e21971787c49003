import type { BreakerFailure, BreakerState, BreakerTransition } from '../upstream/breaker/breaker.types.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';

/** The response of `GET /admin/overview`. */
export interface Overview {
  readonly upstreams: readonly UpstreamOverview[];
  /** The last transitions of all breakers, newest first. */
  readonly timeline: readonly BreakerTransition[];
}

export interface UpstreamOverview {
  readonly id: string;
  readonly breaker: {
    readonly state: BreakerState;
    /** Seconds until the next trial; set only while it is open. */
    readonly retryAfter?: number;
    /** At most the last five, oldest first. */
    readonly lastFailures: readonly BreakerFailure[];
  };
  readonly bulkhead: { readonly inFlight: number; readonly queued: number };
  readonly targets: readonly {
    /** Host and port. */
    readonly name: string;
    readonly state: 'available' | 'unhealthy' | 'ejected';
    /** Tries in flight and open WebSockets. */
    readonly inFlight: number;
  }[];
}

/** @param now monotonic milliseconds */
export function overviewOf({ id, breaker, bulkhead, targets }: UpstreamProxy, now: number): UpstreamOverview {
  return {
    id,
    breaker: {
      state: breaker.state,
      ...(breaker.state === 'open' ? { retryAfter: breaker.retryAfterSeconds } : {}),
      lastFailures: breaker.lastFailures,
    },
    bulkhead: { inFlight: bulkhead.inFlight, queued: bulkhead.queued },
    targets: targets.all.map(({ name, healthy, ejectedUntil, inFlight }) => ({
      name,
      state: !healthy ? 'unhealthy' : ejectedUntil > now ? 'ejected' : 'available',
      inFlight,
    })),
  };
}

import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import type { BreakerFailure, BreakerState, BreakerTransition } from '../upstream/breaker/breaker.types.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

const MAX_TRANSITIONS = 100;

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

/** Reads the state of every upstream, and keeps the last transitions of breakers, which tell the course of an outage. */
@Injectable()
export class OverviewService {
  private transitions: readonly BreakerTransition[] = [];

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    for (const { breaker } of upstreams.all()) {
      breaker.transition.on((transition) => {
        this.transitions = [...this.transitions, transition].slice(-MAX_TRANSITIONS);
      });
    }
  }

  read(): Overview {
    const now = this.clock.now();
    return {
      upstreams: [...this.upstreams.all()].map((each) => overviewOf(each, now)),
      timeline: this.transitions.toReversed(),
    };
  }
}

/** @param now monotonic milliseconds */
function overviewOf({ id, breaker, bulkhead, targets }: UpstreamProxy, now: number): UpstreamOverview {
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

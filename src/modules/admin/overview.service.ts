import { Inject, Injectable } from '@nestjs/common';
import { AuthProviders } from '../auth/auth-providers.js';
import type { BreakerTransition } from '../upstream/breaker/breaker.types.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

const MAX_TRANSITIONS = 100;

/** Reads the state of every upstream, and keeps the last transitions of breakers, which tell the course of an outage. */
@Injectable()
export class OverviewService {
  private transitions: readonly BreakerTransition[] = [];

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
  ) {
    upstreams.each(({ breaker }) => {
      breaker.transition.on((transition) => {
        this.transitions = [...this.transitions, transition].slice(-MAX_TRANSITIONS);
      });
    });
  }

  /** @returns the response of `GET /admin/overview` */
  read() {
    return {
      upstreams: [...this.upstreams.all()].map(overviewOf),
      /** Those whose keys are fetched. */
      providers: this.providers.remote,
      /** Newest first. */
      timeline: this.transitions.toReversed(),
    };
  }
}

function overviewOf({ id, config, breaker, bulkhead, targets, probes }: UpstreamProxy) {
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

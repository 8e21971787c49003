import { Inject, Injectable } from '@nestjs/common';
import { AuthProviders } from '../auth/auth-providers.js';
import type { BreakerTransition } from '../upstream/breaker/breaker.types.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';

const MAX_TRANSITIONS = 100;

/** Reads the state of every upstream, and keeps the last transitions of breakers, which tell the course of an outage. */
@Injectable()
export class OverviewService {
  private transitions: readonly BreakerTransition[] = [];

  constructor(
    @Inject(UpstreamRegistry) upstreams: UpstreamRegistry,
    @Inject(GATEWAY_VIEW) private readonly view: GatewayView,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
  ) {
    upstreams.each(({ breaker }) => {
      breaker.transition.on((transition) => {
        this.transitions = [...this.transitions, transition].slice(-MAX_TRANSITIONS);
      });
    });
  }

  /** @returns the response of `GET /admin/overview` */
  async read() {
    return {
      upstreams: await this.view.upstreams(),
      /** Those whose keys are fetched. */
      providers: this.providers.remote,
      /** Newest first. */
      timeline: this.transitions.toReversed(),
    };
  }
}

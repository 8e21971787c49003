import { Inject, Injectable } from '@nestjs/common';
import type { BreakerTransition } from '../upstream/breaker/breaker.types.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

const KEPT = 100;

/** The last transitions of all breakers: the story of an outage, as far back as somebody on call asks. */
@Injectable()
export class Timeline {
  private entries: readonly BreakerTransition[] = [];

  constructor(@Inject(UpstreamRegistry) upstreams: UpstreamRegistry) {
    for (const { breaker } of upstreams.all()) {
      breaker.transition.on((transition) => (this.entries = [...this.entries, transition].slice(-KEPT)));
    }
  }

  /** Newest first. */
  get last(): readonly BreakerTransition[] {
    return this.entries.toReversed();
  }
}

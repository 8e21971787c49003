import { Inject, Injectable } from '@nestjs/common';
import type { BreakerTransition } from '../upstream/breaker/breaker.types.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

const MAX_ENTRIES = 100;

/** Keeps the last transitions of all breakers, which tell the course of an outage. */
@Injectable()
export class Timeline {
  private entries: readonly BreakerTransition[] = [];

  constructor(@Inject(UpstreamRegistry) upstreams: UpstreamRegistry) {
    for (const { breaker } of upstreams.all()) {
      breaker.transition.on(
        (transition) => (this.entries = [...this.entries, transition].slice(-MAX_ENTRIES)),
      );
    }
  }

  /** Newest first. */
  get last(): readonly BreakerTransition[] {
    return this.entries.toReversed();
  }
}

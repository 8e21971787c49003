import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

/** One line for each transition of a breaker: what a pager wants to read first. */
@Injectable()
export class BreakerLog implements OnModuleInit {
  private readonly logger = new Logger('Breaker');

  constructor(@Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry) {}

  onModuleInit(): void {
    for (const { breaker } of this.upstreams.all()) {
      breaker.transition.on((transition) => {
        // The line has a time of its own, and failures are the story of the trip, not of its end.
        const { upstream, from, to, reason, failures } = transition;
        const entry = { message: `breaker ${to}`, upstream, from, to, reason };
        if (to === 'open') this.logger.warn({ ...entry, failures });
        else this.logger.log(entry);
      });
    }
  }
}

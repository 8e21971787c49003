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
        const entry = { message: `breaker ${transition.to}`, ...transition };
        if (transition.to === 'open') this.logger.warn(entry);
        else this.logger.log(entry);
      });
    }
  }
}

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

/** Counts transitions of breakers, and the calls that open ones reject. */
@Injectable()
export class BreakerMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @InjectMetric('breakwater_breaker_transitions_total') private readonly transitions: Counter,
    @InjectMetric('breakwater_breaker_rejections_total') private readonly rejections: Counter,
  ) {}

  onModuleInit(): void {
    for (const { id: upstream, breaker, rejected } of this.upstreams.all()) {
      // Nobody can alert on a series that first appears with an outage.
      this.rejections.inc({ upstream }, 0);
      breaker.transition.on(({ from, to, reason }) => this.transitions.inc({ upstream, from, to, reason }));
      rejected.on((outcome) => {
        if (outcome === 'breaker_open') this.rejections.inc({ upstream });
      });
    }
  }
}

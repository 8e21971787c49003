import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

/** Counts ejections of targets, panics of the balancer, and failed DNS look-ups. */
@Injectable()
export class TargetMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @InjectMetric('breakwater_target_ejections_total') private readonly ejections: Counter,
    @InjectMetric('breakwater_target_panics_total') private readonly panics: Counter,
    @InjectMetric('breakwater_dns_failures_total') private readonly dnsFailures: Counter,
  ) {}

  onModuleInit(): void {
    for (const { id: upstream, targets } of this.upstreams.all()) {
      this.panics.inc({ upstream }, 0);
      targets.ejected.on(({ name: target }) => this.ejections.inc({ upstream, target }));
      targets.panicked.on(() => this.panics.inc({ upstream }));
      for (const { name: target, addresses } of targets.all) {
        if (!addresses) continue;
        this.dnsFailures.inc({ upstream, target }, 0);
        addresses.failed.on(() => this.dnsFailures.inc({ upstream, target }));
      }
    }
  }
}

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { METRICS } from './metrics.definitions.js';

/** Counts what keeps targets from being chosen. Whether they may be is read at each scrape. */
@Injectable()
export class TargetMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @InjectMetric(METRICS.targetEjections) private readonly ejections: Counter,
    @InjectMetric(METRICS.targetPanics) private readonly panics: Counter,
    @InjectMetric(METRICS.dnsFailures) private readonly dnsFailures: Counter,
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

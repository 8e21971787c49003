import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { METRICS } from './metrics.definitions.js';

/** Counts and times each try to reach an upstream, for routes and for code alike. */
@Injectable()
export class UpstreamMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @InjectMetric(METRICS.upstreamRequests) private readonly requests: Counter,
    @InjectMetric(METRICS.upstreamDuration) private readonly duration: Histogram,
    @InjectMetric(METRICS.hedges) private readonly hedges: Counter,
  ) {}

  onModuleInit(): void {
    for (const { id, tryEnded, hedger } of this.upstreams.all()) {
      hedger?.ended.on((result) => this.hedges.inc({ upstream: id, result }));
      tryEnded.on(({ outcome, durationMs }) => {
        this.requests.inc({ upstream: id, outcome });
        this.duration.observe({ upstream: id }, durationMs / 1000);
      });
    }
  }
}

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';
import type { BreakerState } from '../upstream/breaker/breaker.types.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { METRICS } from './metrics.definitions.js';

const STATE_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** Counts calls to upstreams and what their breakers do, for routes and for code alike. */
@Injectable()
export class UpstreamMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @InjectMetric(METRICS.upstreamRequests) private readonly requests: Counter,
    @InjectMetric(METRICS.upstreamDuration) private readonly duration: Histogram,
    @InjectMetric(METRICS.breakerState) private readonly state: Gauge,
    @InjectMetric(METRICS.breakerTransitions) private readonly transitions: Counter,
    @InjectMetric(METRICS.breakerRejections) private readonly rejections: Counter,
  ) {}

  onModuleInit(): void {
    for (const upstream of this.upstreams.all()) this.observe(upstream);
  }

  private observe(upstream: UpstreamProxy): void {
    const { id, breaker } = upstream;
    // From the first scrape on: a state that only appears with the first outage cannot be alerted on.
    this.state.set({ upstream: id }, STATE_VALUES[breaker.state]);
    this.rejections.inc({ upstream: id }, 0);
    upstream.ended.on(({ outcome, durationMs }) => {
      this.requests.inc({ upstream: id, outcome });
      this.duration.observe({ upstream: id }, durationMs / 1000);
    });
    upstream.rejected.on(() => this.rejections.inc({ upstream: id }));
    breaker.transition.on(({ from, to, reason }) => {
      this.state.set({ upstream: id }, STATE_VALUES[to]);
      this.transitions.inc({ upstream: id, from, to, reason });
    });
  }
}

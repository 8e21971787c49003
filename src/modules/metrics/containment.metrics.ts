import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import type { BreakerState } from '../upstream/breaker/breaker.types.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { METRICS } from './metrics.definitions.js';

const STATE_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** Counts what keeps a failing upstream contained: breaker and retries. The bulkhead is read at each scrape. */
@Injectable()
export class ContainmentMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @InjectMetric(METRICS.breakerState) private readonly state: Gauge,
    @InjectMetric(METRICS.breakerTransitions) private readonly transitions: Counter,
    @InjectMetric(METRICS.breakerRejections) private readonly rejections: Counter,
    @InjectMetric(METRICS.retries) private readonly retries: Counter,
    @InjectMetric(METRICS.retryBudgetExhausted) private readonly budgetExhausted: Counter,
  ) {}

  onModuleInit(): void {
    for (const upstream of this.upstreams.all()) this.observe(upstream);
  }

  private observe({ id, breaker, rejected, retrier }: UpstreamProxy): void {
    // From the first scrape on: a series that only appears with the first outage cannot be alerted on.
    this.state.set({ upstream: id }, STATE_VALUES[breaker.state]);
    this.rejections.inc({ upstream: id }, 0);
    this.budgetExhausted.inc({ upstream: id }, 0);
    breaker.transition.on(({ from, to, reason }) => {
      this.state.set({ upstream: id }, STATE_VALUES[to]);
      this.transitions.inc({ upstream: id, from, to, reason });
    });
    rejected.on((outcome) => {
      if (outcome === 'breaker_open') this.rejections.inc({ upstream: id });
    });
    retrier.retried.on((reason) => this.retries.inc({ upstream: id, reason }));
    retrier.budgetExhausted.on(() => this.budgetExhausted.inc({ upstream: id }));
  }
}

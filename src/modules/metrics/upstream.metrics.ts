import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import type { Outcome } from '../../common/errors/outcomes.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { SeriesBatch } from './series-batch.js';

/** Measures the tries to reach an upstream, for routes and for code alike. */
@Injectable()
export class UpstreamMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @InjectMetric('breakwater_upstream_requests_total') private readonly requests: Counter,
    @InjectMetric('breakwater_upstream_duration_seconds') private readonly duration: Histogram,
    @InjectMetric('breakwater_retries_total') private readonly retries: Counter,
    @InjectMetric('breakwater_retry_budget_exhausted_total') private readonly budgetExhausted: Counter,
    @InjectMetric('breakwater_hedges_total') private readonly hedges: Counter,
  ) {}

  onModuleInit(): void {
    for (const upstream of this.upstreams.all()) this.observe(upstream);
  }

  private observe({ id: upstream, tryEnded, retrier, hedger }: UpstreamProxy): void {
    const batches = new Map<Outcome, SeriesBatch>();
    tryEnded.on(({ outcome, durationMs }) => {
      let batch = batches.get(outcome);
      if (!batch) batches.set(outcome, (batch = this.batchOf(upstream, outcome)));
      batch.observe(durationMs / 1000);
    });
    // Nobody can alert on a series that first appears with an outage.
    this.budgetExhausted.inc({ upstream }, 0);
    retrier.retried.on((reason) => this.retries.inc({ upstream, reason }));
    retrier.budgetExhausted.on(() => this.budgetExhausted.inc({ upstream }));
    hedger?.ended.on((result) => this.hedges.inc({ upstream, result }));
  }

  private batchOf(upstream: string, outcome: Outcome): SeriesBatch {
    return new SeriesBatch({
      counter: this.requests,
      counterLabels: { upstream, outcome },
      histogram: this.duration,
      histogramLabels: { upstream },
    });
  }
}

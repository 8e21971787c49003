import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Tracing } from '../tracing/tracing.service.js';
import { Metrics } from './metrics.js';

/** Counts the spans of traces. All results start at 0, since nobody can alert on a series that does not exist. */
@Injectable()
export class TracingMetrics implements OnModuleInit {
  constructor(
    @Inject(Tracing) private readonly tracing: Tracing,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const spans = this.metrics.counter('breakwater_spans_total');
    for (const result of ['exported', 'queue_full', 'export_failed']) spans.inc({ result }, 0);
    this.tracing.ended.on(({ result, count }) => spans.inc({ result }, count));
  }
}

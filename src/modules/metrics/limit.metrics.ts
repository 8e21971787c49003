import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ConcurrencyLimits } from '../rate-limit/concurrency-limits.service.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { Metrics } from './metrics.js';

/** Counts the requests that limits on clients reject. */
@Injectable()
export class LimitMetrics implements OnModuleInit {
  constructor(
    @Inject(RateLimits) private readonly limits: RateLimits,
    @Inject(ConcurrencyLimits) private readonly concurrency: ConcurrencyLimits,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const limited = this.metrics.counter('breakwater_ratelimit_rejections_total');
    this.limits.rejected.on(({ route, key, mode }) => limited.inc({ route, key, mode }));
    const tooMany = this.metrics.counter('breakwater_concurrency_rejections_total');
    this.concurrency.rejected.on(({ route, limit }) => tooMany.inc({ route, limit }));
  }
}

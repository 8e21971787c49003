import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { Metrics } from './metrics.js';

/** Counts the requests that limits on clients reject. */
@Injectable()
export class LimitMetrics implements OnModuleInit {
  constructor(
    @Inject(RateLimits) private readonly limits: RateLimits,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const limited = this.metrics.counter('breakwater_ratelimit_rejections_total');
    this.limits.rejected.on(({ route, key, mode }) => limited.inc({ route, key, mode }));
  }
}

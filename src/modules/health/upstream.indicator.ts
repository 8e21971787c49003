import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { ProbeScheduler } from './probe.scheduler.js';

/** How an upstream is: what its breaker and its newest probe say. A failing one degrades, it never fails, us. */
@Injectable()
export class UpstreamIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(ProbeScheduler) private readonly probes: ProbeScheduler,
  ) {}

  check({ id, breaker, targets }: UpstreamProxy): HealthIndicatorResult {
    const indicator = this.indicators.check(id);
    const probe = this.probes.lastResult(id);
    const available = targets.availableCount;
    const data = {
      breaker: breaker.state,
      // How many, not which: this page is public.
      targets: `${available}/${targets.all.length}`,
      ...(probe ? { probe: probe.detail } : {}),
      ...(breaker.state === 'closed' ? {} : { lastFailures: breaker.lastFailures }),
    };
    const healthy = breaker.state === 'closed' && (probe?.passed ?? true) && available === targets.all.length;
    return healthy ? indicator.up(data) : indicator.degraded(data);
  }
}

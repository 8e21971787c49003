import type { HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { UpstreamProxy } from './upstream-proxy.js';

/** The Terminus indicator of one upstream: what its breaker, its targets and its newest probe say. */
export class UpstreamHealthIndicator {
  constructor(
    private readonly upstream: UpstreamProxy,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /**
   * For services that can do without the upstream, such as the gateway itself: the check stays 200.
   *
   * @returns `degraded` while the breaker is not closed, the newest probe failed or a target is out, else `up`
   */
  check(key: string = this.upstream.id): HealthIndicatorResult {
    const { breaker, targets, probes } = this.upstream;
    const isWell =
      breaker.state === 'closed' &&
      (probes.last?.passed ?? true) &&
      targets.availableCount === targets.all.length;
    const indicator = this.indicators.check(key);
    return isWell ? indicator.up(this.details()) : indicator.degraded(this.details());
  }

  /**
   * For services that cannot work without the upstream: the check becomes 503.
   *
   * @returns `down` while the breaker is open, which is to say that every call is rejected; else as `check` does
   */
  isHealthy(key: string = this.upstream.id): HealthIndicatorResult {
    if (this.upstream.breaker.state !== 'open') return this.check(key);
    return this.indicators.check(key).down(this.details());
  }

  private details(): Record<string, unknown> {
    const { breaker, targets, probes } = this.upstream;
    return {
      breaker: breaker.state,
      // Health pages can be public, so they name no target.
      targets: `${targets.availableCount}/${targets.all.length}`,
      ...(probes.last ? { probe: probes.last.detail } : {}),
      ...(probes.isIgnored ? { probesIgnored: 'no probe has passed since the start' } : {}),
      ...(breaker.state === 'closed'
        ? {}
        : { lastFailures: breaker.lastFailures.map(({ outcome, detail, at }) => ({ outcome, detail, at })) }),
    };
  }
}

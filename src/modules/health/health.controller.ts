import { Controller, Get, Inject } from '@nestjs/common';
import {
  HealthCheck,
  HealthCheckService,
  type HealthCheckResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { Lifecycle } from '../server/lifecycle.js';
import { UpstreamHealthIndicator } from '../upstream/upstream-health.indicator.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { RedisIndicator } from './redis.indicator.js';

/** The health pages for operators, Kubernetes and load balancers. */
@Controller('health')
export class HealthController {
  private readonly upstreams: readonly UpstreamHealthIndicator[];

  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(UpstreamRegistry) upstreams: UpstreamRegistry,
    @Inject(RedisIndicator) private readonly redis: RedisIndicator,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
  ) {
    this.upstreams = [...upstreams.all()].map((each) => new UpstreamHealthIndicator(each, indicators));
  }

  /** Reports every upstream and Redis. When one of them fails the status is `degraded`, and still 200. */
  @Get()
  @HealthCheck()
  whole(): Promise<HealthCheckResult> {
    return this.health.check([...this.redis.checks(), ...this.upstreams.map((each) => () => each.check())]);
  }

  /** Reports that the process is alive. It depends on nothing else, so that no outage restarts the gateway. */
  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([() => this.indicators.check('process').up()]);
  }

  /** Reports whether traffic should come here: 503 while starting and draining. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    const { phase } = this.lifecycle;
    const indicator = this.indicators.check('gateway');
    return this.health.check([() => (phase === 'serving' ? indicator.up() : indicator.down(phase))]);
  }
}

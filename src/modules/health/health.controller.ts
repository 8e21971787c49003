import { Controller, Get, Inject } from '@nestjs/common';
import {
  HealthCheck,
  HealthCheckService,
  type HealthCheckResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { Lifecycle } from '../server/lifecycle.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { RedisIndicator } from './redis.indicator.js';
import { UpstreamIndicator } from './upstream.indicator.js';

/** The three questions an operator, Kubernetes and a load balancer ask. */
@Controller('health')
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(UpstreamIndicator) private readonly upstream: UpstreamIndicator,
    @Inject(RedisIndicator) private readonly redis: RedisIndicator,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
  ) {}

  /** The whole picture: `degraded` when an upstream or Redis is failing, and 200 all the same. */
  @Get()
  @HealthCheck()
  whole(): Promise<HealthCheckResult> {
    return this.health.check([
      ...this.redis.checks(),
      ...[...this.upstreams.all()].map((each) => () => this.upstream.check(each)),
    ]);
  }

  /** Is the process alive? It depends on nothing else, so that no outage restarts the gateway. */
  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([() => this.indicators.check('process').up()]);
  }

  /** Should traffic come here? 503 while starting and draining. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    const indicator = this.indicators.check('gateway');
    return this.health.check([
      () =>
        this.lifecycle.isReady
          ? indicator.up()
          : indicator.down(this.lifecycle.isDraining ? 'draining' : 'starting'),
    ]);
  }
}

import { Controller, Get, Inject } from '@nestjs/common';
import {
  HealthCheck,
  HealthCheckService,
  type HealthCheckResult,
  type HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { AuthProviders, type RemoteProvider } from '../auth/auth-providers.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { Lifecycle } from '../server/lifecycle.js';
import { UpstreamHealthIndicator } from '../upstream/upstream-health.indicator.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

/** The health pages for operators, Kubernetes and load balancers. */
@Controller('health')
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
  ) {}

  /** Reports every upstream, Redis, and every provider whose keys are fetched. When one of them fails the status is `degraded`, and still 200. */
  @Get()
  @HealthCheck()
  whole(): Promise<Partial<HealthCheckResult>> {
    const all = [...this.upstreams.all()];
    const upstreams = all.map((each) => () => new UpstreamHealthIndicator(each, this.indicators).check());
    const redis = this.redis.isConfigured ? [() => this.checkRedis(all)] : [];
    const providers = this.providers.remote.map((each) => () => this.checkProvider(each));
    return this.health.check([...redis, ...upstreams, ...providers]);
  }

  /** Reports that the process is alive. It depends on nothing else, so that no outage restarts the gateway. */
  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check([() => this.indicators.check('process').up()]);
  }

  /** Reports whether traffic should come here: 503 while starting, before it has keys to verify tokens, and draining. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    const { phase } = this.lifecycle;
    const reason = phase === 'serving' && !this.providers.areReady ? 'waiting for keys' : phase;
    const indicator = this.indicators.check('gateway');
    return this.health.check([() => (reason === 'serving' ? indicator.up() : indicator.down(reason))]);
  }

  /** With stale keys tokens are verified as before, and without any the other providers still work. */
  private checkProvider({ id, keys, lastFetch }: RemoteProvider): HealthIndicatorResult {
    // No id of an upstream has a colon.
    const indicator = this.indicators.check(`auth:${id}`);
    return keys === 'fresh' ? indicator.up({ keys }) : indicator.degraded({ keys, lastFetch });
  }

  /** Without Redis the gateway is slower but complete, so it only degrades. */
  private checkRedis(upstreams: readonly UpstreamProxy[]): HealthIndicatorResult {
    // An upstream of the same name would replace it in the result.
    let key = 'redis';
    while (upstreams.some(({ id }) => id === key)) key = `gateway-${key}`;
    const indicator = this.indicators.check(key);
    return this.redis.isUp ? indicator.up() : indicator.degraded({ reason: this.redis.reason });
  }
}

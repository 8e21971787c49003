import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { RedisConnection } from '../redis/redis.connection.js';

/** How Redis is, where one is configured. Without it the gateway is slower, and all there. */
@Injectable()
export class RedisIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
  ) {}

  /** @returns one check, or none without Redis */
  checks(): (() => HealthIndicatorResult)[] {
    return this.redis.isConfigured ? [() => this.check()] : [];
  }

  private check(): HealthIndicatorResult {
    const indicator = this.indicators.check(this.name());
    return this.redis.isUp ? indicator.up() : indicator.degraded({ reason: this.redis.reason });
  }

  /** An upstream may have the name, and would be shown in its place. */
  private name(): string {
    const taken = new Set([...this.upstreams.all()].map(({ id }) => id));
    let name = 'redis';
    while (taken.has(name)) name = `gateway-${name}`;
    return name;
  }
}

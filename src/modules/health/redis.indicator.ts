import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { RedisConnection } from '../redis/redis.connection.js';

/** Reports Redis when it is configured. Without it the gateway is slower but complete, so it only degrades. */
@Injectable()
export class RedisIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
  ) {}

  /** @returns one check, or none when Redis is not configured */
  checks(): (() => HealthIndicatorResult)[] {
    return this.redis.isConfigured ? [() => this.check()] : [];
  }

  private check(): HealthIndicatorResult {
    const indicator = this.indicators.check(this.name());
    return this.redis.isUp ? indicator.up() : indicator.degraded({ reason: this.redis.reason });
  }

  /** An upstream may have the same name, and would replace it in the result. */
  private name(): string {
    const taken = new Set([...this.upstreams.all()].map(({ id }) => id));
    let name = 'redis';
    while (taken.has(name)) name = `gateway-${name}`;
    return name;
  }
}

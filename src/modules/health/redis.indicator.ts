import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { RedisConnection } from '../redis/redis.connection.js';

/** How Redis is, where one is configured. Without it the gateway is slower, and all there. */
@Injectable()
export class RedisIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
  ) {}

  /** @returns one check, or none without Redis */
  checks(): (() => HealthIndicatorResult)[] {
    return this.redis.isConfigured ? [() => this.check()] : [];
  }

  private check(): HealthIndicatorResult {
    const indicator = this.indicators.check('redis');
    return this.redis.isUp ? indicator.up() : indicator.degraded({ reason: this.redis.reason });
  }
}

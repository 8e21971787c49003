import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { RedisConnection } from '../redis/redis.connection.js';
import { METRICS } from './metrics.definitions.js';

/** Counts what Redis did not do. */
@Injectable()
export class RedisMetrics implements OnModuleInit {
  constructor(
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @InjectMetric(METRICS.redisFailures) private readonly failures: Counter,
  ) {}

  onModuleInit(): void {
    this.redis.failed.on((reason) => this.failures.inc({ reason }));
  }
}

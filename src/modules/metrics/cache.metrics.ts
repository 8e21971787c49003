import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { Purger } from '../cache/purger.js';
import { RedisStore } from '../cache/shared/redis-store.js';
import { RedisConnection } from '../redis/redis.connection.js';

/** Counts purged responses, and what goes wrong between the gateway and Redis. */
@Injectable()
export class CacheMetrics implements OnModuleInit {
  constructor(
    @Inject(Purger) private readonly purger: Purger,
    @Inject(RedisStore) private readonly store: RedisStore,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @InjectMetric('breakwater_cache_purged_total') private readonly purged: Counter,
    @InjectMetric('breakwater_cache_corrupt_total') private readonly corrupt: Counter,
    @InjectMetric('breakwater_redis_failures_total') private readonly failures: Counter,
  ) {}

  onModuleInit(): void {
    this.purger.purged.on((count) => this.purged.inc(count));
    this.store.corrupted.on(() => this.corrupt.inc());
    this.redis.failed.on((reason) => this.failures.inc({ reason }));
  }
}

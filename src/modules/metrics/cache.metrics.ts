import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { Purger } from '../cache/purger.js';
import { RedisStore } from '../cache/shared/redis-store.js';
import { METRICS } from './metrics.definitions.js';

/** Counts stored responses that operators purged, and entries of Redis that could not be read. */
@Injectable()
export class CacheMetrics implements OnModuleInit {
  constructor(
    @Inject(Purger) private readonly purger: Purger,
    @Inject(RedisStore) private readonly redis: RedisStore,
    @InjectMetric(METRICS.cachePurged) private readonly purged: Counter,
    @InjectMetric(METRICS.cacheCorrupt) private readonly corrupt: Counter,
  ) {}

  onModuleInit(): void {
    this.purger.purged.on((count) => this.purged.inc(count));
    this.redis.corrupted.on(() => this.corrupt.inc());
  }
}

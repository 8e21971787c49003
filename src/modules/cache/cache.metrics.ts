import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { ResponseCache } from './response-cache.js';
import { RedisStore } from './shared/redis-store.js';

export const CACHE_METRICS = {
  bytes: 'breakwater_cache_bytes',
  purged: 'breakwater_cache_purged_total',
  corrupted: 'breakwater_cache_corrupt_total',
} as const;

export const cacheMetricProviders = [
  makeGaugeProvider({
    name: CACHE_METRICS.bytes,
    help: 'Memory that stored responses take',
    inject: [ResponseCache],
    collect(cache: ResponseCache) {
      this.set(cache.bytes);
    },
  }),
  makeCounterProvider({
    name: CACHE_METRICS.purged,
    help: 'Stored responses that operators dropped',
  }),
  makeCounterProvider({
    name: CACHE_METRICS.corrupted,
    help: 'Entries in Redis that were not what was written, and are gone',
  }),
];

/** Counts what becomes of entries in Redis. */
@Injectable()
export class CacheMetrics implements OnModuleInit {
  constructor(
    @Inject(RedisStore) private readonly redis: RedisStore,
    @InjectMetric(CACHE_METRICS.corrupted) private readonly corrupted: Counter,
  ) {}

  onModuleInit(): void {
    this.redis.corrupted.on(() => this.corrupted.inc());
  }
}

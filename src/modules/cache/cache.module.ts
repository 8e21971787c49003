import { Module } from '@nestjs/common';
import { CacheInterceptor } from './cache.interceptor.js';
import { CacheMetrics, cacheMetricProviders } from './cache.metrics.js';
import { Invalidator } from './invalidator.js';
import { Purger } from './purger.js';
import { ResponseCache } from './response-cache.js';
import { RedisStore } from './shared/redis-store.js';
import { Replicas } from './shared/replicas.js';

@Module({
  providers: [
    ...cacheMetricProviders,
    CacheMetrics,
    RedisStore,
    Replicas,
    ResponseCache,
    Invalidator,
    Purger,
    CacheInterceptor,
  ],
  exports: [ResponseCache, Invalidator, Purger, CacheInterceptor],
})
export class CacheModule {}

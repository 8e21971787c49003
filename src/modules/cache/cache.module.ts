import { Module } from '@nestjs/common';
import { CacheInterceptor } from './cache.interceptor.js';
import { cacheMetricProviders } from './cache.metrics.js';
import { Invalidator } from './invalidator.js';
import { Purger } from './purger.js';
import { ResponseCache } from './response-cache.js';

@Module({
  providers: [...cacheMetricProviders, ResponseCache, Invalidator, Purger, CacheInterceptor],
  exports: [ResponseCache, Invalidator, Purger, CacheInterceptor],
})
export class CacheModule {}

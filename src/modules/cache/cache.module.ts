import { Module } from '@nestjs/common';
import { CacheInterceptor } from './cache.interceptor.js';
import { Invalidator } from './invalidator.js';
import { Purger } from './purger.js';
import { ResponseCache } from './response-cache.js';
import { RedisStore } from './shared/redis-store.js';
import { Replicas } from './shared/replicas.js';

@Module({
  providers: [RedisStore, Replicas, ResponseCache, Invalidator, Purger, CacheInterceptor],
  exports: [RedisStore, ResponseCache, Invalidator, Purger, CacheInterceptor],
})
export class CacheModule {}

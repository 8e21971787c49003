import { Module } from '@nestjs/common';
import { CacheInterceptor } from './cache.interceptor.js';
import { Invalidator } from './invalidator.js';
import { ResponseCache } from './response-cache.js';
import { InvalidationChannel } from './shared/invalidation-channel.js';
import { RedisStore } from './shared/redis-store.js';

@Module({
  providers: [RedisStore, InvalidationChannel, ResponseCache, Invalidator, CacheInterceptor],
  exports: [RedisStore, ResponseCache, Invalidator, CacheInterceptor],
})
export class CacheModule {}

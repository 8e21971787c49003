import { Module } from '@nestjs/common';
import { CacheInterceptor } from './cache.interceptor.js';
import { Invalidator } from './invalidator.js';
import { ResponseCache } from './response-cache.js';

@Module({
  providers: [ResponseCache, Invalidator, CacheInterceptor],
  exports: [ResponseCache, Invalidator, CacheInterceptor],
})
export class CacheModule {}

import { Module } from '@nestjs/common';
import { CacheInterceptor } from './cache.interceptor.js';
import { ResponseStore } from './response-store.js';

@Module({ providers: [ResponseStore, CacheInterceptor], exports: [ResponseStore, CacheInterceptor] })
export class CacheModule {}

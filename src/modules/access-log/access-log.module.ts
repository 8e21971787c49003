import { Module } from '@nestjs/common';
import { RoutingModule } from '../routing/routing.module.js';
import { BreakerLog } from './breaker.log.js';
import { KeysLog } from './keys.log.js';
import { RedisLog } from './redis.log.js';

@Module({ imports: [RoutingModule], providers: [BreakerLog, KeysLog, RedisLog] })
export class AccessLogModule {}

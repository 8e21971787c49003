import { Module } from '@nestjs/common';
import { RoutingModule } from '../routing/routing.module.js';
import { BreakerLog } from './breaker.log.js';
import { KeysLog } from './keys.log.js';

@Module({ imports: [RoutingModule], providers: [BreakerLog, KeysLog] })
export class AccessLogModule {}

import { Module } from '@nestjs/common';
import { BreakerLog } from './breaker.log.js';

@Module({ providers: [BreakerLog] })
export class AccessLogModule {}

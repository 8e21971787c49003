import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { BreakerLog } from './breaker.log.js';
import { KeysLog } from './keys.log.js';
import { RedisLog } from './redis.log.js';
import { WebSocketModule } from '../websocket/websocket.module.js';
import { WebSocketLog } from './websocket.log.js';

@Module({ imports: [AuthModule, WebSocketModule], providers: [BreakerLog, KeysLog, RedisLog, WebSocketLog] })
export class AccessLogModule {}

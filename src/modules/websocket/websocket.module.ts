import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { OpenTunnels } from './open-tunnels.js';
import { WebSockets } from './websocket.service.js';

@Module({
  imports: [AuthModule, RateLimitModule],
  providers: [OpenTunnels, WebSockets],
  exports: [OpenTunnels, WebSockets],
})
export class WebSocketModule {}

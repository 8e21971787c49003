import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { OpenTunnels } from './open-tunnels.js';
import { WebSockets } from './websocket.service.js';

@Module({
  imports: [AuthModule],
  providers: [OpenTunnels, WebSockets],
  exports: [OpenTunnels, WebSockets],
})
export class WebSocketModule {}

import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RoutingModule } from '../routing/routing.module.js';
import { ServerModule } from '../server/server.module.js';
import { WebSocketModule } from '../websocket/websocket.module.js';
import { AccessLog } from './access.log.js';
import { ConfigLog } from './config.log.js';
import { EventLog } from './event.log.js';
import { PluginLog } from './plugin.log.js';
import { ReplicaLog } from './replica.log.js';
import { ServerLog } from './server.log.js';
import { UpstreamLog } from './upstream.log.js';

@Module({
  imports: [AuthModule, RoutingModule, ServerModule, WebSocketModule],
  providers: [AccessLog, ConfigLog, EventLog, UpstreamLog, PluginLog, ReplicaLog, ServerLog],
})
export class AccessLogModule {}

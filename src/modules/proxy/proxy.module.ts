import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CacheModule } from '../cache/cache.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { RoutingModule } from '../routing/routing.module.js';
import { ServerModule } from '../server/server.module.js';
import { WebSocketModule } from '../websocket/websocket.module.js';
import { CodeLimits } from './code/code-limits.js';
import { CodeRoutes } from './code/code-routes.js';
import { Entrance } from './entrance.js';
import { EventStreams } from './event-streams.js';
import { FallbackChain } from './fallback-chain.js';
import { Forwarder } from './forwarder.service.js';
import { Mirror } from './mirror.service.js';
import { PluginDrain } from './plugin-drain.js';
import { ProxyController } from './proxy.controller.js';
import { Refresher } from './refresher.service.js';
import { ReplyWriter } from './reply-writer.js';
import { RuntimeFaults } from './runtime-faults.js';

/** The catch-all route. Imported last: Express asks routes in the order they were added. */
@Module({
  imports: [RoutingModule, AuthModule, RateLimitModule, CacheModule, ServerModule, WebSocketModule],
  controllers: [ProxyController],
  providers: [
    CodeLimits,
    CodeRoutes,
    Entrance,
    EventStreams,
    FallbackChain,
    Forwarder,
    Mirror,
    PluginDrain,
    Refresher,
    ReplyWriter,
    RuntimeFaults,
  ],
  exports: [RoutingModule, WebSocketModule, Entrance, EventStreams, ReplyWriter, CodeRoutes],
})
export class ProxyModule {}

import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CacheModule } from '../cache/cache.module.js';
import { RoutingModule } from '../routing/routing.module.js';
import { WebSocketModule } from '../websocket/websocket.module.js';
import { AuthMetrics } from './auth.metrics.js';
import { BreakerMetrics } from './breaker.metrics.js';
import { CacheMetrics } from './cache.metrics.js';
import { metricProviders } from './metrics.definitions.js';
import { RequestMetrics } from './request.metrics.js';
import { TargetMetrics } from './target.metrics.js';
import { UpstreamMetrics } from './upstream.metrics.js';
import { WebSocketMetrics } from './websocket.metrics.js';

@Module({
  imports: [AuthModule, CacheModule, RoutingModule, WebSocketModule],
  providers: [
    ...metricProviders,
    RequestMetrics,
    UpstreamMetrics,
    BreakerMetrics,
    TargetMetrics,
    CacheMetrics,
    AuthMetrics,
    WebSocketMetrics,
  ],
})
export class MetricsModule {}

import { Module } from '@nestjs/common';
import { RoutingModule } from '../routing/routing.module.js';
import { ServerModule } from '../server/server.module.js';
import { AuthMetrics } from './auth.metrics.js';
import { ContainmentMetrics } from './containment.metrics.js';
import { metricProviders } from './metrics.definitions.js';
import { RedisMetrics } from './redis.metrics.js';
import { RequestMetrics } from './request.metrics.js';
import { TargetMetrics } from './target.metrics.js';
import { UpstreamMetrics } from './upstream.metrics.js';
import { WebSocketMetrics } from './websocket.metrics.js';

@Module({
  imports: [RoutingModule, ServerModule],
  providers: [
    ...metricProviders,
    RequestMetrics,
    UpstreamMetrics,
    TargetMetrics,
    ContainmentMetrics,
    AuthMetrics,
    RedisMetrics,
    WebSocketMetrics,
  ],
})
export class MetricsModule {}

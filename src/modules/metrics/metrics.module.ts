import { Module } from '@nestjs/common';
import { RoutingModule } from '../routing/routing.module.js';
import { ServerModule } from '../server/server.module.js';
import { AuthMetrics } from './auth.metrics.js';
import { ContainmentMetrics } from './containment.metrics.js';
import { metricProviders } from './metrics.definitions.js';
import { RequestMetrics } from './request.metrics.js';
import { UpstreamMetrics } from './upstream.metrics.js';
import { WebSocketMetrics } from './websocket.metrics.js';

@Module({
  imports: [RoutingModule, ServerModule],
  providers: [
    ...metricProviders,
    RequestMetrics,
    UpstreamMetrics,
    ContainmentMetrics,
    AuthMetrics,
    WebSocketMetrics,
  ],
})
export class MetricsModule {}

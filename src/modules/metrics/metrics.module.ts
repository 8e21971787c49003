import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CacheModule } from '../cache/cache.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { HealthModule } from '../health/health.module.js';
import { RoutingModule } from '../routing/routing.module.js';
import { ServerModule } from '../server/server.module.js';
import { TracingModule } from '../tracing/tracing.module.js';
import { WebSocketModule } from '../websocket/websocket.module.js';
import { ConfigMetrics } from './config.metrics.js';
import { EventMetrics } from './event.metrics.js';
import { LimitMetrics } from './limit.metrics.js';
import { metricProviders } from './metrics.definitions.js';
import { metricsProvider } from './metrics.js';
import { PluginMetrics } from './plugin.metrics.js';
import { RequestMetrics } from './request.metrics.js';
import { ServerMetrics } from './server.metrics.js';
import { TracingMetrics } from './tracing.metrics.js';
import { UpstreamMetrics } from './upstream.metrics.js';

@Module({
  imports: [
    AuthModule,
    CacheModule,
    HealthModule,
    RateLimitModule,
    RoutingModule,
    ServerModule,
    TracingModule,
    WebSocketModule,
  ],
  providers: [
    ...metricProviders,
    metricsProvider,
    RequestMetrics,
    UpstreamMetrics,
    EventMetrics,
    ConfigMetrics,
    LimitMetrics,
    PluginMetrics,
    TracingMetrics,
    ServerMetrics,
  ],
  exports: [metricsProvider],
})
export class MetricsModule {}

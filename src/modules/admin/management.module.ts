import { ConfigurableModuleBuilder, type InjectionToken, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { collectDefaultMetrics, register } from 'prom-client';
import { AuthProviders } from '../auth/auth-providers.js';
import { TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import { Invalidator } from '../cache/invalidator.js';
import { ConfigStore } from '../config/config.store.js';
import { ConfigReloader } from '../config/reload/config-reloader.js';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import { LogLevel } from '../config/log-level.js';
import { ManagementToken } from '../config/management-token.js';
import { HealthController } from '../health/health.controller.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { CodeRoutes } from '../proxy/code/code-routes.js';
import { RuntimeFaults } from '../proxy/runtime-faults.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { BreakerSharing } from '../replicas/breaker-sharing.service.js';
import { ManualSharing } from '../replicas/manual-sharing.service.js';
import { Lifecycle } from '../server/lifecycle.js';
import { RouteHistory } from '../timeline/route-history.js';
import { Timeline } from '../timeline/timeline.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { TrafficHistory } from '../timeline/traffic-history.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { AdminController } from './admin.controller.js';
import { AuditController } from './audit.controller.js';
import { AuditLog } from './audit.log.js';
import { BreakersController } from './breakers.controller.js';
import { CacheController } from './cache.controller.js';
import { ConfigController } from './config.controller.js';
import { ExplainController } from './explain.controller.js';
import { DashboardController } from './dashboard.controller.js';
import { EventsController } from './events.controller.js';
import { EventStream } from './event-stream.service.js';
import { GatewayState } from './gateway-state.js';
import { faultsOf } from './fault-overview.js';
import { FaultsController } from './faults.controller.js';
import { LogLevelController } from './log-level.controller.js';
import { ManagementFilter } from './management.filter.js';
import { GATEWAY_VIEW, type GatewayView, OwnView } from './gateway-view.js';
import { MetricsController } from './metrics.controller.js';
import { OpenApiController } from './openapi.controller.js';
import { OverviewService } from './overview.service.js';
import { RateLimitsController } from './rate-limits.controller.js';
import { RoutesController } from './routes.controller.js';
import { TokensController } from './tokens.controller.js';
import { UpstreamReports } from './upstream-reports.js';
import { UpstreamsController } from './upstreams.controller.js';

export interface ManagementOptions {
  /** Finds the providers of the gateway. */
  readonly gateway: { get<T>(token: InjectionToken<T>): T };
  /** @returns what shows the workers, when it is not this process that serves requests */
  readonly viewOf?: ((own: GatewayView) => GatewayView) | undefined;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: OPTIONS } =
  new ConfigurableModuleBuilder<ManagementOptions>().build();

/** Providers of the gateway that both applications use. */
const SHARED = [
  ConfigStore,
  ConfigReloader,
  CLOCK,
  Lifecycle,
  AuthProviders,
  UpstreamRegistry,
  RedisConnection,
  Invalidator,
  TokenDenylist,
  ManualSharing,
  LogLevel,
  ManagementToken,
  RuntimeFaults,
  RateLimits,
  ExchangeMiddleware,
  Timeline,
  TrafficHistory,
  RouteHistory,
];

/**
 * The pages for operators, as a Nest application of its own. On its own port no route can reach it, and it can reach no
 * route.
 */
@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [
    HealthController,
    DashboardController,
    AdminController,
    CacheController,
    ConfigController,
    TokensController,
    MetricsController,
    UpstreamsController,
    EventsController,
    BreakersController,
    AuditController,
    FaultsController,
    LogLevelController,
    ExplainController,
    RoutesController,
    OpenApiController,
    RateLimitsController,
  ],
  providers: [
    OverviewService,
    {
      provide: GatewayState,
      inject: [OPTIONS],
      // Nest would call the hooks of a provider that both applications have a second time.
      useFactory: ({ gateway }: ManagementOptions) =>
        new GatewayState(
          gateway.get(Lifecycle),
          gateway.get(ConfigReloader),
          gateway.get(RedisConnection),
          gateway.get(BreakerSharing),
          gateway.get(LogLevel),
          () =>
            gateway
              .get(TrafficHistory)
              .overloads.current(Math.floor(gateway.get<Clock>(CLOCK).wall() / 1_000)),
          () => faultsOf(gateway.get(ConfigStore).current, gateway.get(RuntimeFaults)),
          gateway.get(CodeRoutes),
        ),
    },
    UpstreamReports,
    EventStream,
    AuditLog,
    OwnView,
    {
      provide: GATEWAY_VIEW,
      inject: [OwnView, OPTIONS],
      useFactory: (own: OwnView, { viewOf }: ManagementOptions) => viewOf?.(own) ?? own,
    },
    { provide: APP_FILTER, useClass: ManagementFilter },
    ...SHARED.map((provide) => ({
      provide,
      inject: [OPTIONS],
      useFactory: ({ gateway }: ManagementOptions) => gateway.get(provide),
    })),
  ],
})
export class ManagementModule extends ConfigurableModuleClass {
  constructor() {
    super();
    // prom-client has one registry for the process, and fails when default metrics are registered twice.
    if (!register.getSingleMetric('process_cpu_seconds_total')) collectDefaultMetrics();
  }
}

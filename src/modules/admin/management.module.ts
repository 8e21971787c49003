import { ConfigurableModuleBuilder, type INestApplicationContext, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { collectDefaultMetrics, register } from 'prom-client';
import { AuthProviders } from '../auth/auth-providers.js';
import { TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import { Invalidator } from '../cache/invalidator.js';
import { ConfigStore } from '../config/config.store.js';
import { ConfigReloader } from '../config/reload/config-reloader.js';
import { CLOCK } from '../config/config.tokens.js';
import { HealthController } from '../health/health.controller.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { Lifecycle } from '../server/lifecycle.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { AdminController } from './admin.controller.js';
import { CacheController } from './cache.controller.js';
import { ConfigController } from './config.controller.js';
import { ManagementFilter } from './management.filter.js';
import { OverviewService } from './overview.service.js';
import { TokensController } from './tokens.controller.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: GATEWAY } =
  new ConfigurableModuleBuilder<INestApplicationContext>().build();

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
];

/**
 * The pages for operators, as a Nest application of its own. On its own port no route can reach it, and it can reach no
 * route. `register` takes the application of the gateway.
 */
@Module({
  imports: [
    TerminusModule.forRoot({ logger: false }),
    PrometheusModule.register({ defaultMetrics: { enabled: false } }),
  ],
  controllers: [HealthController, AdminController, CacheController, ConfigController, TokensController],
  providers: [
    OverviewService,
    { provide: APP_FILTER, useClass: ManagementFilter },
    ...SHARED.map((provide) => ({
      provide,
      inject: [GATEWAY],
      useFactory: (gateway: INestApplicationContext) => gateway.get<unknown>(provide),
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

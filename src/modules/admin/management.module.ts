import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import { Purger } from '../cache/purger.js';
import { HealthController } from '../health/health.controller.js';
import { RedisIndicator } from '../health/redis.indicator.js';
import { register } from 'prom-client';
import { RedisConnection } from '../redis/redis.connection.js';
import { Lifecycle } from '../server/lifecycle.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { AdminController } from './admin.controller.js';
import { CacheController } from './cache.controller.js';
import { TokensController } from './tokens.controller.js';
import { ManagementFilter } from './management.filter.js';
import { Timeline } from './timeline.js';

/** prom-client's registry is the process's; a second gateway in it shares the metrics of the first. */
function hasDefaultMetrics(): boolean {
  return register.getSingleMetric('process_cpu_seconds_total') !== undefined;
}

/**
 * What operators see, as a Nest application of its own: on its own port nothing of it can be reached by a
 * route, and nothing of a route can reach it. It shares the gateway's live objects.
 */
@Module({})
export class ManagementModule {
  static over(gateway: INestApplicationContext): DynamicModule {
    const shared = [ConfigStore, CLOCK, Lifecycle, UpstreamRegistry, RedisConnection, Purger, TokenDenylist];
    return {
      module: ManagementModule,
      imports: [
        TerminusModule.forRoot({ logger: false }),
        PrometheusModule.register({ defaultMetrics: { enabled: !hasDefaultMetrics(), config: {} } }),
      ],
      controllers: [HealthController, AdminController, CacheController, TokensController],
      providers: [
        RedisIndicator,
        Timeline,
        { provide: APP_FILTER, useClass: ManagementFilter },
        ...shared.map((type) => ({ provide: type, useFactory: () => gateway.get<unknown>(type) })),
      ],
    };
  }
}

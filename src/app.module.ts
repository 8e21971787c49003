import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AccessLogModule } from './modules/access-log/access-log.module.js';
import { AuthModule } from './modules/auth/auth.module.js';
import { CacheModule } from './modules/cache/cache.module.js';
import type { ProcessRole } from './modules/config/config.tokens.js';
import { HealthModule } from './modules/health/health.module.js';
import { MetricsModule } from './modules/metrics/metrics.module.js';
import type { ProblemFilter } from './modules/proxy/problem.filter.js';
import { PluginsModule } from './modules/plugins/plugins.module.js';
import { ProxyModule } from './modules/proxy/proxy.module.js';
import { RateLimitModule } from './modules/rate-limit/rate-limit.module.js';
import { RedisModule } from './modules/redis/redis.module.js';
import { ReplicasModule } from './modules/replicas/replicas.module.js';
import { ServerModule } from './modules/server/server.module.js';
import { StateModule } from './modules/state/state.module.js';
import { TimelineModule } from './modules/timeline/timeline.module.js';
import { TracingModule } from './modules/tracing/tracing.module.js';
import type { Resolver } from './modules/upstream/dns/resolver.js';
import { UpstreamModule } from './modules/upstream/upstream.module.js';
import { PublicServer } from './public-server.js';

/** `GatewayOptions` describes them. */
export interface AppModuleOptions {
  readonly modules?: readonly (Type | DynamicModule)[] | undefined;
  readonly resolver?: Resolver | undefined;
  readonly role?: ProcessRole | undefined;
}

/** The gateway on one screen. */
@Module({
  providers: [PublicServer],
  exports: [PublicServer, HealthModule, ProxyModule, AuthModule, RateLimitModule, CacheModule, MetricsModule],
})
export class AppModule {
  /**
   * @param config a `ConfigModule`
   * @param filter answers errors
   */
  static register(
    config: DynamicModule,
    filter: Type<ProblemFilter>,
    { modules = [], resolver, role = 'only' }: AppModuleOptions = {},
  ): DynamicModule {
    return {
      module: AppModule,
      providers: [{ provide: APP_FILTER, useClass: filter }],
      // What the guards and interceptors of code routes inject.
      global: true,
      imports: [
        config,
        PluginsModule,
        UpstreamModule.forRoot(resolver),
        RedisModule,
        ReplicasModule,
        TracingModule,
        MetricsModule,
        AccessLogModule,
        HealthModule,
        ServerModule,
        TimelineModule.register(role),
        ...modules,
        AuthModule,
        RateLimitModule,
        CacheModule,
        // routing -> auth -> limits -> cache -> the wire
        ProxyModule,
        StateModule,
      ],
    };
  }
}

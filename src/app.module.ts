import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { AccessLogModule } from './modules/access-log/access-log.module.js';
import { ConfigModule } from './modules/config/config.module.js';
import type { ConfigStore } from './modules/config/config.store.js';
import type { ProcessRole } from './modules/config/config.tokens.js';
import type { ConfigSource } from './modules/config/load-config-file.js';
import { HealthModule } from './modules/health/health.module.js';
import { MetricsModule } from './modules/metrics/metrics.module.js';
import { ProxyModule } from './modules/proxy/proxy.module.js';
import { RedisModule } from './modules/redis/redis.module.js';
import type { Resolver } from './modules/upstream/dns/resolver.js';
import { ReplicasModule } from './modules/replicas/replicas.module.js';
import { TimelineModule } from './modules/timeline/timeline.module.js';
import { UpstreamModule } from './modules/upstream/upstream.module.js';

/** The gateway on one screen. */
@Module({})
export class AppModule {
  /** @param store of a checked configuration; `GatewayOptions` describes the others */
  static register(
    store: ConfigStore,
    modules: readonly (Type | DynamicModule)[] = [],
    resolver?: Resolver,
    source?: ConfigSource,
    role: ProcessRole = 'only',
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.register(store, source, role),
        UpstreamModule.forRoot(resolver),
        RedisModule,
        ReplicasModule,
        MetricsModule,
        AccessLogModule,
        HealthModule,
        TimelineModule.register(role),
        ...modules,
        // routing -> auth -> cache -> the wire
        ProxyModule,
      ],
    };
  }
}

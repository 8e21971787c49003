import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import type { GatewayConfig } from '../config/gateway-config.js';
import { RESOLVER, type Resolver, SystemResolver } from './dns/resolver.js';
import { getUpstreamToken } from './inject-upstream.decorator.js';
import { UpstreamRegistry } from './upstream.registry.js';

/** Makes every configured upstream injectable with `@InjectUpstream(id)`. */
@Global()
@Module({})
export class UpstreamModule {
  /** @param resolver finds hosts; default: the system's */
  static register(
    { upstreams }: Pick<GatewayConfig, 'upstreams'>,
    resolver: Resolver = new SystemResolver(),
  ): DynamicModule {
    const proxies = Object.keys(upstreams).map((id): Provider => ({
      provide: getUpstreamToken(id),
      inject: [UpstreamRegistry],
      useFactory: (registry: UpstreamRegistry) => registry.get(id),
    }));
    return {
      module: UpstreamModule,
      providers: [{ provide: RESOLVER, useValue: resolver }, UpstreamRegistry, ...proxies],
      exports: [UpstreamRegistry, ...proxies],
    };
  }
}

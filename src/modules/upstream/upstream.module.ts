import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import type { GatewayConfig } from '../config/gateway-config.js';
import { getUpstreamToken } from './inject-upstream.decorator.js';
import { UpstreamRegistry } from './upstream.registry.js';

/** Makes every configured upstream injectable with `@InjectUpstream(id)`. */
@Global()
@Module({})
export class UpstreamModule {
  static register({ upstreams }: Pick<GatewayConfig, 'upstreams'>): DynamicModule {
    const proxies = Object.keys(upstreams).map((id): Provider => ({
      provide: getUpstreamToken(id),
      inject: [UpstreamRegistry],
      useFactory: (registry: UpstreamRegistry) => registry.get(id),
    }));
    return {
      module: UpstreamModule,
      providers: [UpstreamRegistry, ...proxies],
      exports: [UpstreamRegistry, ...proxies],
    };
  }
}

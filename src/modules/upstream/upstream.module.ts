import { type DynamicModule, Module } from '@nestjs/common';
import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { RESOLVER, type Resolver, SystemResolver } from './dns/resolver.js';
import { getUpstreamHealthToken, getUpstreamToken } from './inject-upstream.decorator.js';
import { UpstreamHealthIndicator } from './upstream-health.indicator.js';
import type { UpstreamProxy } from './upstream-proxy.js';
import { UpstreamRegistry } from './upstream.registry.js';

@Module({})
export class UpstreamModule {
  /**
   * The global module of all upstreams; the gateway imports it.
   *
   * @param resolver finds hosts; default: the system's resolver
   */
  static forRoot(resolver: Resolver = new SystemResolver()): DynamicModule {
    return {
      module: UpstreamModule,
      global: true,
      providers: [{ provide: RESOLVER, useValue: resolver }, UpstreamRegistry],
      exports: [UpstreamRegistry],
    };
  }

  /**
   * The module of one upstream, for modules of your own: it exports the upstream's `UpstreamProxy`
   * (`@InjectUpstream(id)`) and its health indicator (`@InjectUpstreamHealth(id)`). The gateway does not start when no
   * upstream has this id.
   *
   * @param id the upstream's key under `upstreams`
   */
  static forFeature(id: string): DynamicModule {
    const proxy = getUpstreamToken(id);
    const health = getUpstreamHealthToken(id);
    return {
      module: UpstreamModule,
      imports: [TerminusModule],
      providers: [
        {
          provide: proxy,
          inject: [UpstreamRegistry],
          useFactory: (registry: UpstreamRegistry) => registry.get(id),
        },
        {
          provide: health,
          inject: [proxy, HealthIndicatorService],
          useFactory: (upstream: UpstreamProxy, indicators: HealthIndicatorService) =>
            new UpstreamHealthIndicator(upstream, indicators),
        },
      ],
      exports: [proxy, health],
    };
  }
}

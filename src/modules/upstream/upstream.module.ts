import { HttpService } from '@nestjs/axios';
import { type DynamicModule, Module } from '@nestjs/common';
import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { RESOLVER, type Resolver, SystemResolver } from './dns/resolver.js';
import { HttpServiceCheck } from './http/http-service-check.js';
import { upstreamHttpService } from './http/upstream-http.js';
import {
  getUpstreamHealthToken,
  getUpstreamHttpToken,
  getUpstreamToken,
} from './inject-upstream.decorator.js';
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
      providers: [{ provide: RESOLVER, useValue: resolver }, UpstreamRegistry, HttpServiceCheck],
      exports: [UpstreamRegistry],
    };
  }

  /**
   * The module of one upstream, for modules of your own: it exports the upstream's `UpstreamProxy`
   * (`@InjectUpstream(id)`), an `HttpService` that calls it, and its health indicator (`@InjectUpstreamHealth(id)`). The
   * gateway does not start when no upstream has this id.
   *
   * @param id the upstream's key under `upstreams`
   */
  static forFeature(id: string): DynamicModule {
    const proxy = getUpstreamToken(id);
    const health = getUpstreamHealthToken(id);
    const http = getUpstreamHttpToken(id);
    return {
      module: UpstreamModule,
      imports: [TerminusModule],
      providers: [
        {
          provide: proxy,
          inject: [UpstreamRegistry],
          useFactory: (registry: UpstreamRegistry) => registry.get(id),
        },
        { provide: http, inject: [proxy], useFactory: upstreamHttpService },
        // No alias, which HttpServiceCheck could not tell from the name.
        { provide: HttpService, inject: [http], useFactory: (service: HttpService) => service },
        {
          provide: health,
          inject: [proxy, HealthIndicatorService],
          useFactory: (upstream: UpstreamProxy, indicators: HealthIndicatorService) =>
            new UpstreamHealthIndicator(upstream, indicators),
        },
      ],
      exports: [proxy, http, HttpService, health],
    };
  }
}

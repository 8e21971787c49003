import { Controller, Get, Header, Inject, UseGuards } from '@nestjs/common';
import { ConfigStore } from '../config/config.store.js';
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.js';
import { isPublic, sidesOf } from '../config/schema/gateway.js';
import type { RouteOverview } from '../timeline/shapes.js';
import { AdminGuard } from './admin.guard.js';

/** Lists the routes, in the order of the file. */
@Controller('admin/routes')
@UseGuards(AdminGuard)
export class RoutesController {
  constructor(@Inject(ConfigStore) private readonly config: ConfigStore) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  all(): readonly RouteOverview[] {
    const { current } = this.config;
    return current.routes.map((route) => overviewOf(route, current));
  }
}

/** Without the values of headers, which can be secrets. */
function overviewOf(route: RouteConfig, gateway: GatewayConfig): RouteOverview {
  const { id, match, cache, mirror, websocket } = route;
  return {
    id,
    path: match.path,
    methods: match.methods,
    hosts: match.hosts,
    headers: Object.keys(match.headers),
    upstreams: sidesOf(route),
    isPublic: isPublic(route, gateway),
    cache: cache && { per: cache.per, ttlMs: cache.ttl },
    mirror: mirror?.upstream,
    websocket: Boolean(websocket),
  };
}

import { Controller, Get, Header, Inject, Query, UseGuards } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.js';
import { isPublic, sidesOf } from '../config/schema/gateway.js';
import { ROUTE_ORDERS, RouteHistory } from '../timeline/route-history.js';
import type { RouteOverview, TopRoutes } from '../timeline/shapes.js';
import { KEPT_SECONDS } from '../timeline/traffic-history.js';
import { AdminGuard } from './admin.guard.js';
import { durationOf } from './requests.js';

const MOST = 50;

/** Lists the routes, in the order of the file, and those that have the most of something. */
@Controller('admin/routes')
@UseGuards(AdminGuard)
export class RoutesController {
  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(RouteHistory) private readonly history: RouteHistory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  all(): readonly RouteOverview[] {
    const { current } = this.config;
    return current.routes.map((route) => overviewOf(route, current));
  }

  /**
   * @param by `errors`, `requests` or `p95`; default: `errors`
   * @param last how far back it counts; default and most: 15 minutes
   * @throws ProblemError `admin_request_invalid`
   */
  @Get('top')
  @Header('Cache-Control', 'no-store')
  top(@Query('by') by: unknown = 'errors', @Query('last') last: unknown = `${KEPT_SECONDS}s`): TopRoutes {
    const order = ROUTE_ORDERS.find((each) => each === by);
    if (!order) {
      const detail = `by: expected ${ROUTE_ORDERS.join(', ')}, as in ?by=errors&last=5m`;
      throw new ProblemError('admin_request_invalid', { detail });
    }
    const seconds = Math.ceil(durationOf('last', last) / 1_000);
    return this.history.top(Math.floor(this.clock.wall() / 1_000), seconds, [order], MOST);
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

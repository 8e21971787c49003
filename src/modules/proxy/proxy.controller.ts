import { All, Controller, Inject, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { Request, Response } from 'express';
import { exchangeOf } from '../routing/exchange.js';
import { Invalidator } from '../cache/invalidator.js';
import { type GatewayPath, GATEWAY_PATHS } from '../server/gateway-paths.js';
import { Forwarder } from './forwarder.service.js';
import {
  CachedForwardedRoute,
  ForwardedRoute,
  LimitedCachedForwardedRoute,
  LimitedForwardedRoute,
} from './gateway-route.decorator.js';
import { ProblemFilter } from './problem.filter.js';
import { Refresher } from './refresher.service.js';
import { ReplyWriter } from './reply-writer.js';

/**
 * Answers every request that no controller of code takes. Routes without a cache have a handler without an interceptor,
 * because what Nest does around one costs more than all guards, and routes without limits and plugins have one without their
 * guards. Handlers return at once: awaiting the upstream would keep an observable pending for the length of the call, which costs
 * more than the call.
 */
@Controller({ version: VERSION_NEUTRAL })
@UseFilters(ProblemFilter)
export class ProxyController {
  constructor(
    @Inject(Forwarder) private readonly forwarder: Forwarder,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
    @Inject(Invalidator) private readonly invalidator: Invalidator,
    @Inject(Refresher) private readonly refresher: Refresher,
  ) {}

  @All(GATEWAY_PATHS.plain)
  @ForwardedRoute()
  handle(@Req() req: Request, @Res() _res: Response): void {
    const exchange = exchangeOf(req);
    if (!exchange?.route) return;
    this.invalidator.watch(exchange);
    this.forwarder.forward(exchange, exchange.route);
  }

  @All(GATEWAY_PATHS.cached)
  @CachedForwardedRoute()
  handleCached(@Req() req: Request, @Res() _res: Response): void {
    const exchange = exchangeOf(req);
    if (!exchange?.route) return;
    const { route, cache } = exchange;
    exchange.trace?.events?.add('breakwater.cache', { 'breakwater.cache_status': cache?.status });
    if (cache?.kind !== 'hit') {
      this.forwarder.forward(exchange, route);
      return;
    }
    // First, because others wait for the refresh, however this answer ends.
    if (cache.refresh) this.refresher.refresh(exchange, route, cache.refresh);
    this.reply.stored(exchange, cache);
  }

  @All(GATEWAY_PATHS.limited)
  @LimitedForwardedRoute()
  handleLimited(@Req() req: Request, @Res() res: Response): void {
    this.handle(req, res);
  }

  @All(GATEWAY_PATHS.limitedCached)
  @LimitedCachedForwardedRoute()
  handleLimitedCached(@Req() req: Request, @Res() res: Response): void {
    this.handleCached(req, res);
  }
}

/** @returns the path of the handler that has the stages of the request's route, or those of the server without one */
export function gatewayPathOf(req: Request): GatewayPath {
  const { route, config } = exchangeOf(req) ?? {};
  const isCached = route?.config.cache !== undefined;
  const isLimited = route
    ? route.config.hasLimits || route.config.plugins.length > 0
    : config?.server.rateLimit !== undefined;
  if (isLimited) return isCached ? GATEWAY_PATHS.limitedCached : GATEWAY_PATHS.limited;
  return isCached ? GATEWAY_PATHS.cached : GATEWAY_PATHS.plain;
}

import { All, Controller, Inject, Next, Req, Res } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { exchangeOf } from '../routing/exchange.js';
import { Invalidator } from '../cache/invalidator.js';
import { isUpgrade } from '../server/upgrades.js';
import { Forwarder } from './forwarder.service.js';
import { CachedGatewayRoute, GatewayRoute } from './gateway-route.decorator.js';
import { Refresher } from './refresher.service.js';
import { ReplyWriter } from './reply-writer.js';

/**
 * The catch-all: every request that no controller of code answers. Handlers return at once: awaiting the
 * upstream here would keep an observable pending for the length of the call, which costs more than the call.
 */
@Controller()
export class ProxyController {
  constructor(
    @Inject(Forwarder) private readonly forwarder: Forwarder,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
    @Inject(Invalidator) private readonly invalidator: Invalidator,
    @Inject(Refresher) private readonly refresher: Refresher,
  ) {}

  /** Routes without a cache are spared its interceptor: what Nest does around one costs more than all guards. */
  @All('{*path}')
  @GatewayRoute()
  handle(@Req() req: Request, @Res() _res: Response, @Next() next: NextFunction): void {
    const exchange = exchangeOf(req);
    if (!exchange?.route) return;
    // A handshake is a GET that no copy can answer.
    if (exchange.route.config.cache && !(exchange.route.config.websocket && isUpgrade(req))) {
      next();
      return;
    }
    this.invalidator.watch(exchange);
    this.forwarder.forward(exchange, exchange.route);
  }

  @All('{*path}')
  @CachedGatewayRoute()
  handleCached(@Req() req: Request, @Res() _res: Response): void {
    const exchange = exchangeOf(req);
    if (!exchange?.route) return;
    const { route, stored } = exchange;
    if (!stored) {
      this.forwarder.forward(exchange, route);
      return;
    }
    this.reply.stored(exchange, stored);
    if (exchange.refreshed) this.refresher.refresh(exchange, route);
  }
}

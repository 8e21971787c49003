import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { exchangeOf } from '../routing/exchange.js';
import { Forwarder } from './forwarder.service.js';
import { GatewayRoute } from './gateway-route.decorator.js';
import { ReplyWriter } from './reply-writer.js';

/** The catch-all: every request that no controller of code answers. */
@Controller()
export class ProxyController {
  constructor(
    @Inject(Forwarder) private readonly forwarder: Forwarder,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
  ) {}

  /**
   * Returns at once. Awaiting the upstream here would keep an observable pending for the length of the call,
   * which costs more than the call itself.
   */
  @All('{*path}')
  @GatewayRoute()
  handle(@Req() req: Request, @Res() _res: Response): void {
    const exchange = exchangeOf(req);
    if (!exchange?.route) return;
    if (exchange.stored) this.reply.stored(exchange, exchange.stored);
    else this.forwarder.forward(exchange, exchange.route);
  }
}

import { Inject, Injectable } from '@nestjs/common';
import type { RequestHandler } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { HEALTH_PAGES } from '../config/health-pages.js';
import { exchangeOf } from '../routing/exchange.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { certifiedHosts } from '../server/client-tls.js';
import { Overload } from '../server/overload/overload.service.js';
import { limitBody } from './code/code-body.js';
import { addCors } from './cors.js';
import { redirectToHttps } from './https-redirect.js';
import { ReplyWriter } from './reply-writer.js';

/** Made once, because each one would take a stack trace. Clients that obey come back when the overload may be over. */
const OVERLOADED = new ProblemError('overloaded', { headers: { 'Retry-After': '1' } });

/** What every request passes before its controller is looked up. */
@Injectable()
export class Entrance {
  constructor(
    @Inject(ExchangeMiddleware) readonly exchanges: ExchangeMiddleware,
    @Inject(Overload) private readonly overload: Overload,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
  ) {}

  /**
   * @param port that the public server listens on
   * @returns the handlers, in order
   */
  handlers({ server: { tls, overload } }: GatewayConfig, port: () => number): RequestHandler[] {
    const httpsPort = () => tls?.redirect?.httpsPort ?? port();
    return [
      this.exchanges.use.bind(this.exchanges),
      ...(tls?.redirect ? [redirectToHttps(certifiedHosts(tls), httpsPort)] : []),
      this.cors,
      // Behind the match, which knows the priority, and before everything that costs more than a rejection.
      ...(overload === 'off' ? [] : [this.admit]),
    ];
  }

  /** Bounds the bodies of handlers without `@GatewayRoute`, whose guard knows no other bound. */
  readonly limitCodeBody: RequestHandler = (req, _res, next) => {
    const exchange = exchangeOf(req);
    if (exchange && !exchange.head.code) {
      // The handler may pass the request on to the route.
      const { maxBodyBytes } = exchange.route?.config ?? exchange.config.server;
      limitBody(exchange, maxBodyBytes, this.reply);
    }
    next();
  };

  /** Also for requests that are refused, so that pages can read why. Without origins, CORS is up to the upstream. */
  private readonly cors: RequestHandler = (req, _res, next) => {
    const exchange = exchangeOf(req);
    if (exchange && exchange.cors.origins.length > 0) addCors(exchange, next);
    else next();
  };

  private readonly admit: RequestHandler = (req, res, next) => {
    const exchange = exchangeOf(req);
    if (
      !exchange ||
      // Always answered: to restart the gateway would only make an overload worse.
      HEALTH_PAGES.has(exchange.head.path) ||
      this.overload.queue.hasRoom(exchange.startedAt)
    ) {
      next();
      return;
    }
    this.overload.hold({
      priority: (exchange.head.code ?? exchange.route?.config)?.priority ?? 'normal',
      at: exchange.startedAt,
      isGone: () => res.closed || res.headersSent,
      start: next,
      reject: () => {
        exchange.outcome = 'overloaded';
        this.reply.problem(res, exchange, OVERLOADED);
      },
    });
  };
}

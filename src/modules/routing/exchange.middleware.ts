import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { Clock } from '../../common/clock.js';
import { ProblemError } from '../../common/errors/problem.js';
import { Event } from '../../common/event.js';
import { clientIp } from '../../common/http/client-ip.js';
import { inspectHead } from '../../common/http/head.js';
import { normaliseHost } from '../../common/http/host.js';
import { parseTarget } from '../../common/http/path.js';
import { compileTrust } from '../../common/http/trust.js';
import { VIA } from '../../common/http/via.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import { attachExchange, Exchange, type ExchangeHead } from './exchange.js';
import { RouteTable } from './route-table.js';

type Origin = Pick<ExchangeHead, 'id' | 'peerTrusted' | 'clientIp'>;

const SANE_REQUEST_ID = /^[A-Za-z0-9._~+/=-]{1,128}$/;
const SERVED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** First stage: gives every request its record and its route, or refuses what no later stage should see. */
@Injectable()
export class ExchangeMiddleware implements NestMiddleware {
  /** The response has closed; the record is complete. */
  readonly finished = new Event<Exchange>();
  private readonly table: RouteTable;
  private readonly isTrusted: (address: string) => boolean;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const { server, routes } = config.current;
    this.table = new RouteTable(routes, server.maxBodyBytes);
    this.isTrusted = compileTrust(server.trustProxy);
  }

  use(req: Request, res: Response, next: NextFunction): void {
    const startedAt = this.clock.now();
    const peer = req.socket.remoteAddress ?? '';
    const peerTrusted = this.isTrusted(peer);
    const origin = {
      id: requestId(req, peerTrusted),
      peerTrusted,
      clientIp: peerTrusted ? clientIp(peer, forwardedFor(req), this.isTrusted) : peer,
    };
    let head: ExchangeHead = { ...UNKNOWN_HEAD, ...origin };
    let refusal: ProblemError | undefined;
    try {
      head = { ...origin, ...this.inspect(req) };
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      refusal = error;
    }
    const exchange = new Exchange(req, res, head, startedAt);
    attachExchange(req, exchange);
    res.once('close', () => {
      exchange.close();
      this.finished.emit(exchange);
    });
    next(refusal);
  }

  /** @throws ProblemError when the request is malformed, comes from ourselves, or asks for no service of ours */
  private inspect(req: Request): Omit<ExchangeHead, keyof Origin> {
    const { host: hostField, hasBody } = inspectHead(req.rawHeaders, req.httpVersion);
    const target = parseTarget(req.url);
    // RFC 9112 section 3.2: HTTP/1.1 has a Host in any case, and only HTTP/1.0 may leave it out.
    if (hostField === '' && req.httpVersion !== '1.0')
      throw new ProblemError('malformed_host', { close: true });
    const authority = target.authority ?? hostField;
    const host = authority === '' ? '' : normaliseHost(authority);
    const { path, query } = target;
    // Controllers of code are asked by the path that routes are matched by.
    if (req.url !== path + query) req.url = path + query;
    if (req.method === 'TRACE') {
      throw new ProblemError('method_not_allowed', { headers: { Allow: SERVED_METHODS } });
    }
    if (req.headers.via?.includes(VIA.pseudonym)) throw new ProblemError('loop_detected');
    const match = this.table.match({ method: req.method, host, path, headers: req.headers });
    return { authority, host, path, query, hasBody, match };
  }
}

const UNKNOWN_HEAD: Omit<ExchangeHead, keyof Origin> = {
  authority: '',
  host: '',
  path: '/',
  query: '',
  hasBody: true,
  match: { kind: 'none' },
};

function forwardedFor(req: Request): string | undefined {
  const field = req.headers['x-forwarded-for'];
  return Array.isArray(field) ? field.join() : field;
}

function requestId(req: Request, peerTrusted: boolean): string {
  const given = peerTrusted ? req.headers['x-request-id'] : undefined;
  return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
}

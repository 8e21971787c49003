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
import { VIA } from '../../common/http/request-headers.js';
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
  private lastAuthority = '';
  private lastHost = '';

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.table = new RouteTable(config.current.routes);
    this.isTrusted = compileTrust(config.current.server.trustProxy);
  }

  use(req: Request, res: Response, next: NextFunction): void {
    next(this.open(req, res).refusal);
  }

  /**
   * Makes the record of a request. One that is malformed, comes from ourselves, or asks for no service of ours gets
   * a record with a `refusal`, so that it is counted and logged like any other.
   */
  private open(req: Request, res: Response): Exchange {
    const startedAt = this.clock.now();
    const origin = this.originOf(req);
    let head: ExchangeHead;
    let refusal: ProblemError | undefined;
    try {
      head = this.inspect(req, origin);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      head = { ...UNKNOWN_HEAD, ...origin };
      refusal = error;
    }
    const exchange = new Exchange(req, res, head, startedAt, refusal);
    attachExchange(req, exchange);
    res.on('close', () => {
      exchange.close();
      this.finished.emit(exchange);
    });
    return exchange;
  }

  private originOf(req: Request): Origin {
    const peer = req.socket.remoteAddress ?? '';
    const peerTrusted = this.isTrusted(peer);
    return {
      id: requestId(req, peerTrusted),
      peerTrusted,
      clientIp: peerTrusted ? clientIp(peer, forwardedFor(req), this.isTrusted) : peer,
    };
  }

  /** @throws ProblemError when the request is malformed, comes from ourselves, or asks for no service of ours */
  private inspect(req: Request, { id, peerTrusted, clientIp }: Origin): ExchangeHead {
    const { host: hostField, hasBody } = inspectHead(req.rawHeaders, req.httpVersion);
    const target = parseTarget(req.url);
    // RFC 9112 section 3.2: HTTP/1.1 has a Host in any case, and only HTTP/1.0 may leave it out.
    if (hostField === '' && req.httpVersion !== '1.0')
      throw new ProblemError('malformed_host', { close: true });
    const authority = target.authority ?? hostField;
    const host = authority === '' ? '' : this.hostOf(authority);
    const { path, query } = target;
    // Controllers of code are asked by the path that routes are matched by.
    if (req.url !== path + query) req.url = path + query;
    if (req.method === 'TRACE') {
      throw new ProblemError('method_not_allowed', { headers: { Allow: SERVED_METHODS } });
    }
    const { headers, method } = req;
    if (headers.via?.includes(VIA.pseudonym)) throw new ProblemError('loop_detected');
    const match = this.table.match({ method, host, path, headers });
    return { id, peerTrusted, clientIp, authority, host, path, query, hasBody, match };
  }

  /** Nearly every request names the host that the one before it named. */
  private hostOf(authority: string): string {
    if (authority !== this.lastAuthority) {
      this.lastHost = normaliseHost(authority);
      this.lastAuthority = authority;
    }
    return this.lastHost;
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

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { Clock } from '../../common/clock.js';
import { ProblemError } from '../../common/errors/problem.js';
import type { ServerRefusal } from '../../common/errors/server-refusal.js';
import { Event } from '../../common/event.js';
import { compileAccess } from '../../common/http/access.js';
import { clientIp, compileRanges, unmapped } from '../../common/http/forwarded.js';
import { inspectHead, SERVED_METHODS } from '../../common/http/head.js';
import { VIA } from '../../common/http/request-headers.js';
import { normaliseHost, parseTarget } from '../../common/http/request-target.js';
import { startTrace } from '../../common/http/trace-context.js';
import type { Turn } from '../../common/turns.js';
import { type ConfigApplier, ConfigStore } from '../config/config.store.js';
import { CLOCK, RANDOM } from '../config/config.tokens.js';
import { ManagementToken } from '../config/management-token.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { refuseAmbiguousPath } from './ambiguous-path.js';
import { attachExchange, corsOf, Exchange, type ExchangeHead, exchangeOf } from './exchange.js';
import { type MatchInput, RouteTable } from './route-table.js';
import { addServerTiming } from './server-timing.js';

/** A request that the server has refused by itself. */
export interface RefusedRequest extends Omit<ServerRefusal, 'req'> {
  readonly id: string;
  /** `undefined` when it never got a record, so that only this event tells of it. */
  readonly exchange: Exchange | undefined;
}

type Origin = Pick<ExchangeHead, 'id' | 'peer' | 'peerTrusted' | 'clientIp' | 'config'>;

/** What a request is judged by when it begins: one reference, replaced whole by a reload. */
interface RoutingModel {
  readonly config: GatewayConfig;
  readonly table: RouteTable;
  readonly isTrusted: (address: string) => boolean;
  /** `undefined` when every client can call. */
  readonly isAdmitted: ((address: string) => boolean) | undefined;
  /** Share of the traces that are recorded; `undefined` when the gateway takes no part in them. */
  readonly sample: number | undefined;
}

const SANE_REQUEST_ID = /^[A-Za-z0-9._~+/=-]{1,128}$/;

/** What a record says of a request whose head cannot be trusted. */
const UNKNOWN_HEAD: Omit<ExchangeHead, keyof Origin> = {
  authority: '',
  host: '',
  path: '/',
  query: '',
  hasBody: true,
  isPreflight: false,
  match: { kind: 'none' },
};

/** The first stage: it gives every request its record and its route, or the reason to refuse it. */
@Injectable()
export class ExchangeMiddleware implements ConfigApplier, NestMiddleware {
  /** The response has closed, and the record is complete. */
  readonly finished = new Event<Exchange>();
  /** The server has refused a request by itself. */
  readonly refused = new Event<RefusedRequest>();
  /**
   * Finds what `@GatewayRoute()` says about the handler of code that takes a request. Whoever knows the handlers sets it;
   * `undefined` while none of them has options.
   */
  codeOf: ((input: MatchInput) => ExchangeHead['code']) | undefined;
  private model: RoutingModel;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: () => number,
    @Inject(ManagementToken) private readonly token: ManagementToken,
  ) {
    const { current } = config;
    this.model = compile(current, new RouteTable(current.routes));
    config.register(this);
  }

  async prepare(next: GatewayConfig, turn: Turn): Promise<() => void> {
    const { config, table } = this.model;
    const isSame = config.routes === next.routes;
    const model = compile(next, isSame ? table : await RouteTable.build(next.routes, table, turn));
    return () => void (this.model = model);
  }

  /** Whether the gateway answers a handshake: a route with WebSockets takes it, or it is to be refused. */
  takesUpgrade(req: Request): boolean {
    const { model } = this;
    const origin = originOf(req, model);
    if (model.isAdmitted?.(origin.clientIp) === false) return true;
    try {
      const { match } = inspect(req, origin, model.table);
      return match.kind === 'route' && match.route.config.websocket !== undefined;
    } catch (error) {
      if (error instanceof ProblemError) return true;
      throw error;
    }
  }

  /** By what a request that begins now is judged. */
  get routing(): Pick<RoutingModel, 'config' | 'table'> {
    return this.model;
  }

  /** A refused request gets a record, too, so that it is counted and logged like any other. */
  use(req: Request, res: Response, next: NextFunction): void {
    const startedAt = this.clock.now();
    const { model } = this;
    const origin = originOf(req, model);
    let head: ExchangeHead;
    let refusal: ProblemError | undefined;
    try {
      head = inspect(req, origin, model.table, this.codeOf);
      // Controllers of code are matched by the same path as routes.
      req.url = head.path + head.query;
      if (model.isAdmitted?.(head.clientIp) === false) refusal = new ProblemError('address_denied');
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      head = { ...UNKNOWN_HEAD, ...origin };
      refusal = error;
    }
    const exchange = new Exchange(req, res, head, startedAt, refusal);
    if (model.sample !== undefined)
      exchange.trace = startTrace(req.headers['traceparent'], model.sample, this.random, this.clock);
    attachExchange(req, exchange);
    const asked = req.headers['breakwater-timing'];
    if (asked !== undefined) this.explain(exchange, asked);
    res.on('close', () => {
      exchange.close(this.clock.now());
      this.finished.emit(exchange);
    });
    next(refusal);
  }

  /** Tells only operators: it names targets. A header that many may send must not become a way to guess the token. */
  private explain(exchange: Exchange, asked: string | readonly string[]): void {
    const { clientIp } = exchange.head;
    try {
      this.token.check(clientIp, 'public');
      if (this.token.isRight(String(asked), clientIp, 'public')) addServerTiming(exchange, this.clock);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
    }
  }

  /**
   * The server refuses a request: one that never got a record, or one whose body does not arrive as it should.
   *
   * @returns its id
   */
  refuse({ req, ...refusal }: ServerRefusal): string {
    const exchange = req && exchangeOf(req);
    const id = exchange?.id ?? randomUUID();
    if (exchange) {
      exchange.outcome ??= 'rejected';
      exchange.abandon();
    }
    this.refused.emit({ ...refusal, id, exchange });
    return id;
  }
}

function compile(config: GatewayConfig, table: RouteTable): RoutingModel {
  const { server, tracing } = config;
  const { trustProxy, access } = server;
  const sample = tracing.endpoint === '' ? undefined : tracing.sample;
  return { config, table, isTrusted: compileRanges(trustProxy), isAdmitted: compileAccess(access), sample };
}

function originOf(req: Request, { config, isTrusted }: RoutingModel): Origin {
  const peer = unmapped(req.socket.remoteAddress ?? '');
  const peerTrusted = isTrusted(peer);
  return {
    id: requestId(req, peerTrusted),
    peer,
    peerTrusted,
    clientIp: peerTrusted ? clientIp(peer, req.headers['x-forwarded-for']?.toString(), isTrusted) : peer,
    config,
  };
}

/** The head of a request as it was written. */
type WrittenHead = Pick<IncomingMessage, 'httpVersion' | 'headers' | 'rawHeaders'> & {
  readonly method: string;
  /** Path and query, or a URL. */
  readonly url: string;
};

/**
 * Normalises the head of a request, and finds the route or the handler of code that takes it.
 *
 * @throws ProblemError when the request is malformed, came through this process before, or is a TRACE
 */
export function inspect<T extends Pick<Origin, 'config'>>(
  { method, url, httpVersion, headers, rawHeaders }: WrittenHead,
  origin: T,
  table: RouteTable,
  codeOf?: ExchangeMiddleware['codeOf'],
): T & Omit<ExchangeHead, keyof Origin> {
  const { host: hostField, hasBody } = inspectHead(rawHeaders, httpVersion);
  const { path, query, laxPaths, authority = hostField } = parseTarget(url);
  // RFC 9112 section 3.2: only HTTP/1.0 may leave the Host field out, even if the target is absolute.
  if (hostField === '' && httpVersion !== '1.0') throw new ProblemError('malformed_host', { close: true });
  const host = authority === '' ? '' : normaliseHost(authority);
  if (method === 'TRACE')
    throw new ProblemError('method_not_allowed', { headers: { Allow: SERVED_METHODS.join(', ') } });
  if (headers.via?.includes(VIA.pseudonym)) throw new ProblemError('loop_detected');
  const written: MatchInput = { method, host, path, headers };
  const asked = askedBy(written);
  const takerOfAsked = asked && takerOf(asked, table, codeOf);
  // Where CORS is off, preflights are up to the upstream.
  const isPreflight =
    takerOfAsked !== undefined && corsOf(takerOfAsked, origin.config.server.cors).origins.length > 0;
  const { input, match, code } = isPreflight ? takerOfAsked : takerOf(written, table, codeOf);
  if (laxPaths) refuseAmbiguousPath(table, input, match, laxPaths);
  return {
    ...origin,
    authority,
    host,
    path,
    query,
    hasBody,
    isPreflight,
    match,
    // A handler of code that takes the method decides about its preflights, also when it leaves CORS out.
    code: code ?? takerOfAsked?.code,
  };
}

function takerOf(input: MatchInput, table: RouteTable, codeOf: ExchangeMiddleware['codeOf']) {
  return { input, match: table.match(input), code: codeOf?.(input) };
}

/**
 * @returns the request that a CORS preflight asks about (Fetch standard section 4.8). The preflight names the headers of
 *   that one, without their values
 */
function askedBy(input: MatchInput): MatchInput | undefined {
  const method = input.headers['access-control-request-method'];
  if (input.method !== 'OPTIONS' || method === undefined) return undefined;
  const names = input.headers['access-control-request-headers']?.toLowerCase().split(/[ \t]*,[ \t]*/);
  return { ...input, method, announced: new Set(names) };
}

function requestId(req: Request, peerTrusted: boolean): string {
  const given = peerTrusted ? req.headers['x-request-id'] : undefined;
  return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
}

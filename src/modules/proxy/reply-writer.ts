import { Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { PROBLEM_CONTENT_TYPE, ProblemError } from '../../common/errors/problem.js';
import { applyHeaderRules } from '../../common/http/header-rules.js';
import {
  announcedTrailers,
  BODILESS_STATUSES,
  ClientHeaders,
  type HeaderRecord,
} from '../../common/http/response-headers.js';
import { ConfigStore } from '../config/config.store.js';
import type { FallbackConfig, SecurityHeadersConfig } from '../config/gateway-config.js';
import type { CacheHit, Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';
import { endResponse } from './end-response.js';
import { EventStreams, mayEndAnywhere } from './event-streams.js';
import { PublicAddresses } from './public-addresses.js';
import { ReplySink } from './reply-sink.js';
import {
  HSTS,
  isOverTls,
  OWN_PAGES,
  type SecurityHeaders,
  securityHeaders,
  securityHeadersOf,
} from './security-headers.js';

interface HeadersOfAnswers {
  readonly headers: ClientHeaders;
  readonly hsts: string | undefined;
}

/** Writes every answer: the head in one piece, with framing of our own. */
@Injectable()
export class ReplyWriter {
  /** Of answers that the gateway makes itself. */
  private readonly own: HeadersOfAnswers;
  /** Of upstreams' answers; by what the configuration of routes asks for. */
  private readonly bySecurity = new Map<SecurityHeadersConfig, HeadersOfAnswers>();
  private readonly dropped: readonly string[];
  private readonly addresses: PublicAddresses;
  /** Header lines of stored responses, built once for each response instead of for each use. */
  private readonly storedLines = new WeakMap<HeaderRecord, string[]>();

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(EventStreams) private readonly eventStreams: EventStreams,
  ) {
    // With CORS on, only the gateway's own headers are sent, because a browser rejects two sets of them.
    const cors = config.current.server.cors.origins.length > 0 ? CORS_HEADERS : [];
    this.dropped = [...cors, ...DROPPED_HEADERS];
    this.addresses = new PublicAddresses(() => config.current.upstreams);
    this.own = this.compile(securityHeaders(OWN_PAGES));
  }

  /** Streams an upstream's response with back-pressure, or answers with what the cache has instead. */
  upstream(exchange: Exchange, response: UpstreamResponse): void {
    const { status, headers, contentLength } = response;
    const instead = exchange.tap?.onHead(response);
    if (instead) {
      exchange.outcome ??= status === 304 ? 'success' : 'upstream_status';
      if (!response.whole()) void response.discard();
      this.stored(exchange, instead);
      return;
    }
    const lines = this.linesOf(exchange, headers);
    this.addHsts(exchange, headers, lines);
    if (exchange.cache?.status !== undefined) lines.push('Cache-Status', exchange.cache.status);
    expose(exchange, headers, lines);
    const length = BODILESS_STATUSES.has(status) ? undefined : contentLength;
    if (length === undefined && headers['trailer'] !== undefined)
      announce(exchange, status, headers['trailer'], lines);
    this.writeHead(exchange.res, exchange, status, lines, length);
    const sink = new ReplySink(exchange);
    const whole = response.whole();
    if (whole) {
      sink.onWhole(whole);
      return;
    }
    if (length === undefined && mayEndAnywhere(headers)) this.eventStreams.watch(exchange);
    response.stream(sink);
    // Nothing of the body has arrived, and it may take long, so the head is sent by itself.
    if (!sink.started) exchange.res.flushHeaders();
  }

  /** @returns the headers of an upstream's response, in which it names itself as clients know it */
  publicHeaders(exchange: Exchange, headers: HeaderRecord): HeaderRecord {
    return this.addresses.map(exchange, headers);
  }

  /** Answers from the cache, which becomes the decision that the exchange records. */
  stored(exchange: Exchange, hit: CacheHit): void {
    const { status, headers, body, added } = hit.response;
    exchange.cache = hit;
    exchange.outcome ??= 'cache_hit';
    // Templates make other lines for each request.
    const isStatic = !exchange.route?.responseHeaders?.templates.length;
    let lines = isStatic ? this.storedLines.get(headers) : undefined;
    if (!lines) {
      lines = this.linesOf(exchange, headers);
      if (isStatic) this.storedLines.set(headers, lines);
    }
    const head = added ? lines.concat(added) : lines.slice();
    head.push('Cache-Status', hit.status);
    this.addHsts(exchange, headers, head);
    expose(exchange, headers, head);
    const length = BODILESS_STATUSES.has(status) ? undefined : body.length;
    this.writeHead(exchange.res, exchange, status, head, length);
    exchange.res.end(body);
  }

  fallback(
    exchange: Exchange,
    { status, headers, body }: NonNullable<FallbackConfig['response']>,
    problem: ProblemError,
  ): void {
    exchange.fallback = 'response';
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const all = {
      'content-type':
        typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      ...lowerCased(problem.options.headers),
      ...lowerCased(headers),
    };
    this.whole(exchange.res, exchange, status, all, text);
  }

  /** @param exchange `undefined` when the request was refused before it got one */
  problem(res: Response, exchange: Exchange | undefined, problem: ProblemError): void {
    if (exchange) exchange.outcome ??= 'rejected';
    if (res.headersSent) {
      // A second answer is impossible, so closing the connection tells the client that the first is not whole.
      res.destroy();
      return;
    }
    const headers = {
      'content-type': PROBLEM_CONTENT_TYPE,
      'cache-control': 'no-store',
      ...lowerCased(problem.options.headers),
    };
    if (problem.options.close) res.setHeader('Connection', 'close');
    this.whole(res, exchange, problem.status, headers, JSON.stringify(problem.details(exchange?.id)));
  }

  /** Writes an answer of the gateway's own, without `Cache-Status` (RFC 9211 section 2). */
  private whole(
    res: Response,
    exchange: Exchange | undefined,
    status: number,
    headers: HeaderRecord,
    body: string,
  ): void {
    const bytes = Buffer.from(body);
    const lines = this.own.headers.from(headers);
    if (exchange && this.own.hsts !== undefined && isOverTls(exchange)) lines.push(HSTS, this.own.hsts);
    this.writeHead(res, exchange, status, lines, bytes.length);
    endResponse(res, bytes);
  }

  /** @returns names and values in turn */
  private linesOf(exchange: Exchange, headers: HeaderRecord): string[] {
    const { route, head, identity } = exchange;
    const lines = this.headersOf(route).headers.from(this.publicHeaders(exchange, headers));
    const rules = route?.responseHeaders;
    return rules ? applyHeaderRules(lines, rules, head.path, identity?.claims) : lines;
  }

  /** Not among the lines of a stored response, because it depends on the client's connection. */
  private addHsts(exchange: Exchange, headers: HeaderRecord, lines: string[]): void {
    const { hsts } = this.headersOf(exchange.route);
    if (hsts === undefined || headers[HSTS] !== undefined || !isOverTls(exchange)) return;
    if (!exchange.route?.responseHeaders?.removed.has(HSTS)) lines.push(HSTS, hsts);
  }

  private headersOf(route: RouteModel | undefined): HeadersOfAnswers {
    if (!route) return this.own;
    const { securityHeaders: config } = route.config;
    let headers = this.bySecurity.get(config);
    if (!headers) this.bySecurity.set(config, (headers = this.compile(securityHeadersOf(config))));
    return headers;
  }

  private compile({ headers, hsts }: SecurityHeaders): HeadersOfAnswers {
    return { headers: new ClientHeaders(headers, this.dropped), hsts };
  }

  /** @param headers names and values in turn; it is added to */
  private writeHead(
    res: Response,
    exchange: Exchange | undefined,
    status: number,
    headers: string[],
    contentLength: number | undefined,
  ): void {
    if (contentLength !== undefined) headers.push('Content-Length', String(contentLength));
    if (exchange) {
      headers.push('X-Request-Id', exchange.id);
      if (exchange.fallback !== undefined) headers.push('Breakwater-Fallback', exchange.fallback);
    }
    // CORS has set `Vary: Origin`, which `writeHead` would replace.
    if (res.hasHeader('vary')) headers.push('Vary', String(res.getHeader('vary')));
    res.writeHead(status, headers);
  }
}

/** Headers that only the gateway may set, and the one that helmet removes. */
const DROPPED_HEADERS = ['x-request-id', 'breakwater-fallback', 'x-powered-by'];

const EXPOSE = 'access-control-expose-headers';

const CORS_HEADERS = [
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  EXPOSE,
  'access-control-max-age',
];

/** Adds the headers that an upstream lets pages read to those of the gateway, on an answer to an allowed origin. */
function expose({ res }: Exchange, headers: HeaderRecord, lines: string[]): void {
  const theirs = headers[EXPOSE];
  const ours = theirs === undefined ? undefined : res.getHeader(EXPOSE);
  if (ours !== undefined) lines.push('Access-Control-Expose-Headers', `${String(ours)}, ${String(theirs)}`);
}

/** Announces trailers where a last chunk can carry them; elsewhere Node throws. */
function announce({ req }: Exchange, status: number, trailer: string | string[], headers: string[]): void {
  if (req.httpVersion === '1.0' || req.method === 'HEAD' || BODILESS_STATUSES.has(status)) return;
  const names = announcedTrailers(trailer);
  if (names !== undefined) headers.push('Trailer', names);
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

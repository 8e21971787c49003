import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { faultEntry } from '../../common/errors/fault.js';
import { ProblemError } from '../../common/errors/problem.js';
import { applyHeaderRules } from '../../common/http/header-rules.js';
import {
  announcedTrailers,
  BODILESS_STATUSES,
  type HeaderRecord,
  isEventStream,
  variesByOrigin,
} from '../../common/http/response-headers.js';
import { ConfigStore } from '../config/config.store.js';
import type { CorsConfig, FallbackConfig, GatewayConfig } from '../config/gateway-config.js';
import { ConcurrencyLimits } from '../rate-limit/concurrency-limits.service.js';
import type { CheckedResponse } from '../plugins/results.js';
import type { CacheHit } from '../routing/cache-decision.js';
import type { AnswerHead, Exchange } from '../routing/exchange.js';
import { pushRateLimit } from '../routing/rate-limit-report.js';
import type { RouteModel } from '../routing/route.model.js';
import { compressAnswer } from '../server/compression.js';
import { errorAnswer } from './error-answers.js';
import { EventStreams, mayEndAnywhere } from './event-streams.js';
import { publicHead } from './public-addresses.js';
import type { PassedResponse } from './receive.js';
import { endResponse, ReplySink } from './reply-sink.js';
import { type AnswerHeaders, answerHeaders, HSTS, isOverTls } from './security-headers.js';

/** Header lines of a stored response, and what they were made by. */
interface StoredLines {
  readonly route: RouteModel | undefined;
  readonly config: GatewayConfig;
  readonly lines: string[];
}

type Write = (head: AnswerHead) => void;

/** Writes every answer: the head in one piece, with framing of our own. */
@Injectable()
export class ReplyWriter {
  private readonly logger = new Logger(ReplyWriter.name);
  /** What the answers of a route get while CORS is as it is. */
  private readonly byRoute = new WeakMap<RouteModel, AnswerHeaders & { readonly cors: CorsConfig }>();
  /** Built once for each stored response instead of for each use. */
  private readonly storedLines = new WeakMap<HeaderRecord, StoredLines>();

  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(EventStreams) private readonly eventStreams: EventStreams,
    @Inject(ConcurrencyLimits) private readonly limits: ConcurrencyLimits,
  ) {}

  /** Streams an upstream's response with back-pressure, or answers with what the cache has instead. */
  upstream(exchange: Exchange, response: PassedResponse): void {
    const head = publicHead(exchange, response);
    const { status, headers } = head;
    const isLimited = exchange.config.server.limits.streamsPerUser !== undefined;
    if (isLimited && isEventStream(headers) && !this.admitStream(exchange, response)) return;
    const instead = exchange.tap?.onHead(head);
    if (instead) {
      exchange.outcome ??= status === 304 ? 'success' : 'upstream_status';
      if (!response.whole()) void response.discard();
      this.stored(exchange, instead);
      return;
    }
    const lines = this.linesOf(exchange, headers);
    this.passOn(exchange, { status, lines }, headers, (changed) => this.stream(exchange, response, changed));
  }

  private stream(exchange: Exchange, response: PassedResponse, { status, lines }: AnswerHead): void {
    const { headers, contentLength } = response;
    if (contentLength === undefined && headers['trailer'] !== undefined)
      announce(exchange, status, headers['trailer'], lines);
    this.writeHead(exchange.res, exchange, status, lines, contentLength);
    const sink = new ReplySink(exchange);
    const whole = response.whole();
    if (whole) {
      sink.onWhole(whole);
      return;
    }
    if (contentLength === undefined && mayEndAnywhere(headers)) this.eventStreams.watch(exchange);
    response.stream(sink);
    // Nothing of the body has arrived, and it may take long, so the head is sent by itself.
    if (!sink.started) exchange.res.flushHeaders();
  }

  /** @returns whether the user may have one more stream; otherwise the client has its answer */
  admitStream(exchange: Exchange, response?: PassedResponse): boolean {
    try {
      this.limits.openStream(exchange);
      return true;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (response && !response.whole()) void response.discard(0);
      exchange.replaceResponse('other');
      this.problem(exchange.res, exchange, error);
      return false;
    }
  }

  /** Answers from the cache, which becomes the decision that the exchange records. */
  stored(exchange: Exchange, hit: CacheHit): void {
    const { status, headers, body, added } = hit.response;
    exchange.cache = hit;
    exchange.outcome ??= 'cache_hit';
    const lines = this.storedLinesOf(exchange, headers).concat(added ?? []);
    this.passOn(exchange, { status, lines }, headers, (head) => {
      this.writeHead(exchange.res, exchange, head.status, head.lines, body.length);
      endResponse(exchange.res, body);
    });
  }

  /**
   * Completes the head of an upstream's response, fresh or stored, and lets plugins change it.
   *
   * @param headers of the upstream
   */
  private passOn(exchange: Exchange, head: AnswerHead, headers: HeaderRecord, write: Write): void {
    const { route, cache } = exchange;
    const { hsts } = this.headersOf(exchange);
    const isRemoved = route?.responseHeaders?.removed.has(HSTS);
    // Not among the lines of a stored response, because it depends on the client's connection.
    if (hsts !== undefined && !isRemoved && headers[HSTS] === undefined && isOverTls(exchange))
      head.lines.push(HSTS, hsts);
    if (cache?.status !== undefined) head.lines.push('Cache-Status', cache.status);
    expose(exchange, headers, head.lines);
    this.change(exchange, head, write);
  }

  /** Lets plugins change the head of a response before it is written. */
  change(exchange: Exchange, head: AnswerHead, write: Write, changeHead = exchange.changeHead): void {
    if (!changeHead) {
      write(head);
      return;
    }
    const fail = (error: unknown) => {
      if (!(error instanceof ProblemError)) this.logger.error(faultEntry(error, { requestId: exchange.id }));
      const problem = error instanceof ProblemError ? error : new ProblemError('internal_error');
      exchange.replaceResponse('other');
      exchange.abandon();
      this.problem(exchange.res, exchange, problem);
    };
    try {
      const changed = changeHead(head);
      if (changed instanceof Promise) changed.then(write).catch(fail);
      else write(changed);
    } catch (error) {
      fail(error);
    }
  }

  /** Answers with what a plugin has in place of the upstream's response. */
  plugin(exchange: Exchange, { status, headers, body }: CheckedResponse): void {
    exchange.outcome ??= 'plugin_answer';
    this.whole(exchange.res, exchange, status, headers, body);
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
    this.whole(exchange.res, exchange, status, all, Buffer.from(text));
  }

  /** Answers with what a plugin has in place of an upstream that has failed. */
  instead(exchange: Exchange, { status, headers, body }: CheckedResponse, problem: ProblemError): void {
    exchange.fallback = 'plugin';
    const all = { 'cache-control': 'no-store', ...lowerCased(problem.options.headers), ...headers };
    this.whole(exchange.res, exchange, status, all, body);
  }

  /** @param exchange `undefined` when the request was refused before it got one */
  problem(res: Response, exchange: Exchange | undefined, problem: ProblemError): void {
    if (exchange) exchange.outcome ??= 'rejected';
    // The client has got another one: a body that is too large was refused while its handler was still at work.
    if (exchange?.isAnswered) return;
    if (res.headersSent) {
      // A second answer is impossible, so closing the connection tells the client that the first is not whole.
      res.destroy();
      return;
    }
    if (exchange) exchange.problem = problem.code;
    const { errors } = (exchange?.config ?? this.config.current).server;
    const details = problem.details(errors.typeBase, exchange?.id);
    const { headers, body, varies } = errorAnswer(res.req, errors, details);
    const all = {
      ...headers,
      'cache-control': 'no-store',
      vary: varies ? 'Accept' : undefined,
      ...lowerCased(problem.options.headers),
    };
    this.whole(res, exchange, problem.status, all, Buffer.from(body), problem.options.close);
  }

  /** Writes an answer of the gateway's own, without `Cache-Status` (RFC 9211 section 2). */
  private whole(
    res: Response,
    exchange: Exchange | undefined,
    status: number,
    headers: HeaderRecord,
    bytes: Buffer,
    isLast = false,
  ): void {
    const { server } = exchange?.config ?? this.config.current;
    const cors = exchange?.cors ?? server.cors;
    const { securityHeaders } = exchange?.head.code ?? exchange?.route?.config ?? server;
    const { hsts } = answerHeaders(securityHeaders ?? server.securityHeaders, cors);
    const lines = answerHeaders('own', cors).headers.from(headers);
    // Nothing is set before the head, because Node writes heads much slower then.
    if (isLast) lines.push('Connection', 'close');
    // It is for the host as a whole, so all answers have it.
    if (exchange && hsts !== undefined && isOverTls(exchange)) lines.push(HSTS, hsts);
    this.writeHead(res, exchange, status, lines, bytes.length);
    endResponse(res, bytes);
    if (exchange) exchange.isAnswered = true;
  }

  /** @returns names and values in turn, which others share */
  private storedLinesOf(exchange: Exchange, headers: HeaderRecord): readonly string[] {
    const { route, config } = exchange;
    const known = this.storedLines.get(headers);
    if (known?.route === route && known?.config === config) return known.lines;
    const lines = this.linesOf(exchange, headers);
    // Templates make other lines for each request.
    if (!route?.responseHeaders?.templates.length) this.storedLines.set(headers, { route, config, lines });
    return lines;
  }

  /** @returns names and values in turn */
  private linesOf(exchange: Exchange, headers: HeaderRecord): string[] {
    const { route, head, identity } = exchange;
    const lines = this.headersOf(exchange).headers.from(headers);
    const rules = route?.responseHeaders;
    return rules ? applyHeaderRules(lines, rules, head.path, identity?.claims) : lines;
  }

  private headersOf({ route, cors }: Exchange): AnswerHeaders {
    if (!route) return answerHeaders('own', cors);
    const known = this.byRoute.get(route);
    if (known?.cors === cors) return known;
    const headers = { ...answerHeaders(route.config.securityHeaders, cors), cors };
    this.byRoute.set(route, headers);
    return headers;
  }

  /** @param headers names and values in turn; it is added to */
  private writeHead(
    res: Response,
    exchange: Exchange | undefined,
    status: number,
    headers: string[],
    contentLength: number | undefined,
  ): void {
    if (contentLength !== undefined && !BODILESS_STATUSES.has(status))
      headers.push('Content-Length', String(contentLength));
    if (exchange) {
      headers.push('X-Request-Id', exchange.id);
      if (exchange.fallback !== undefined) headers.push('Breakwater-Fallback', exchange.fallback);
      if (exchange.rateLimit) pushRateLimit(headers, exchange.rateLimit);
    }
    if (exchange?.route?.config.compression) compressAnswer(res, status, headers, contentLength);
    // CORS has set `Vary: Origin`, which `writeHead` would replace.
    if (res.hasHeader('vary')) headers.push('Vary', String(res.getHeader('vary')));
    else if (exchange && variesByOrigin(exchange.cors)) headers.push('Vary', 'Origin');
    res.writeHead(status, headers);
  }
}

const EXPOSE = 'access-control-expose-headers';

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

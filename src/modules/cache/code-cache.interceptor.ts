import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { catchError, mergeMap, NEVER, type Observable, of } from 'rxjs';
import type { z } from 'zod';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { STALE_INSTEAD } from '../config/complete.js';
import { ConfigStore } from '../config/config.store.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { routeCacheSchema } from '../config/schema/route.js';
import { type Exchange, exchangeOf, type StoredResponse } from '../routing/exchange.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { Keyed } from './cache-key.js';
import { CacheInterceptor } from './cache.interceptor.js';

/** What `@Cached()` says. */
export const CachePolicy = Reflector.createDecorator<z.output<typeof routeCacheSchema>>();

interface CachedHandler {
  readonly route: Keyed;
  readonly policy: RouteCacheConfig;
}

/** The cache for a handler of code: its value takes the place of an upstream's response. See `@Cached()`. */
@Injectable()
export class CodeCacheInterceptor implements NestInterceptor {
  private readonly handlers = new WeakMap<object, CachedHandler>();
  private readonly reflector = new Reflector();
  private readonly logger = new Logger(CodeCacheInterceptor.name);

  constructor(
    @Inject(CacheInterceptor) private readonly cache: CacheInterceptor,
    @Inject(ConfigStore) private readonly config: ConfigStore,
  ) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const exchange = exchangeOf(context.switchToHttp().getRequest<Request>());
    if (!exchange) return next.handle();
    const { route, policy } = this.handlerOf(context);
    const waiting = this.cache.open(exchange, route, policy);
    return waiting ? waiting.then(() => this.answer(exchange, next)) : this.answer(exchange, next);
  }

  private answer(exchange: Exchange, next: CallHandler): Observable<unknown> {
    if (!exchange.stored) {
      return next.handle().pipe(
        mergeMap((value) => keep(exchange, value)),
        catchError((error: unknown) => instead(exchange, error)),
      );
    }
    // Before those of the stored answer take their place.
    const headers = headersOf(exchange.res);
    const { statusCode } = exchange.res;
    write(exchange, exchange.stored);
    if (exchange.refreshed) {
      const done = exchange.refreshed;
      next.handle().subscribe({
        next: (value) => {
          const answer = answerOf(statusCode, headers, value);
          if (answer) store(exchange, answer);
        },
        // The next request tries again.
        error: (error: unknown) => {
          // What an upstream does wrong is counted where it was called.
          if (!(error instanceof UpstreamError)) this.logger.error(error);
          done();
        },
        complete: done,
      });
    }
    return NEVER;
  }

  private handlerOf(context: ExecutionContext): CachedHandler {
    const handler = context.getHandler();
    const known = this.handlers.get(handler);
    if (known) return known;
    const {
      ttl = this.config.current.cache.ttl,
      per = 'user',
      staleIfError = 0,
      ...rest
    } = this.reflector.get(CachePolicy, handler);
    const made = {
      route: { id: `code ${context.getClass().name}.${handler.name}` },
      policy: { ...rest, ttl, per, staleIfError, staleInsteadOf: STALE_INSTEAD },
    };
    this.handlers.set(handler, made);
    return made;
  }
}

function keep(exchange: Exchange, value: unknown): Observable<unknown> {
  const { res } = exchange;
  const answer = answerOf(res.statusCode, headersOf(res), value);
  if (!answer) exchange.tap?.onBypass?.();
  const other = answer && store(exchange, answer);
  if (other) return write(exchange, other);
  if (exchange.cacheStatus !== undefined && !res.headersSent)
    res.setHeader('Cache-Status', exchange.cacheStatus);
  return of(value);
}

/** @returns the stale answer that helps where this one does not */
function store({ tap }: Exchange, { status, headers, body }: StoredResponse): StoredResponse | undefined {
  const other = tap?.onHead(status, headers);
  if (other) return other;
  tap?.onData(body);
  tap?.onEnd();
  return undefined;
}

/** A stale answer in place of an error of an upstream, or of the handler (RFC 5861 section 4). */
function instead(exchange: Exchange, error: unknown): Observable<never> {
  const status = error instanceof HttpException ? error.getStatus() : 500;
  const isGone = error instanceof UpstreamError && error.outcome === 'client_gone';
  if (isGone || !STALE_INSTEAD.includes(status)) throw error;
  const stale = exchange.stale?.(error instanceof UpstreamError ? undefined : status);
  if (!stale) throw error;
  return write(exchange, stale);
}

/**
 * What Nest and Express make of a value.
 *
 * @returns `undefined` for what is not kept: a stream, which is sent as it comes, and what the handler sends by itself
 */
function answerOf(status: number, headers: HeaderRecord, value: unknown): StoredResponse | undefined {
  if (value instanceof StreamableFile) return undefined;
  if (value === undefined && !BODILESS.has(status)) return undefined;
  if (value === undefined || value === null)
    return { status, headers: { ...headers, 'content-length': '0' }, body: NOTHING };
  const isObject = typeof value === 'object';
  // What is left are primitives.
  const body = Buffer.from(isObject ? JSON.stringify(value) : String(value as string | number | boolean));
  const type = headers['content-type'] ?? (isObject ? 'application/json' : 'text/html');
  return {
    status,
    headers: { ...headers, 'content-type': inUtf8(String(type)), 'content-length': String(body.length) },
    body,
  };
}

const NOTHING = new Uint8Array();
/** A handler of these has nothing to return. */
const BODILESS: ReadonlySet<number> = new Set([204, 205]);

function inUtf8(type: string): string {
  return /;\s*charset=/i.test(type) ? type : `${type}; charset=utf-8`;
}

function headersOf(res: Response): HeaderRecord {
  return Object.fromEntries(
    Object.entries(res.getHeaders()).map(([name, value]) => [
      name,
      typeof value === 'number' ? String(value) : value,
    ]),
  );
}

/** @returns nothing for Nest to send, ever: the response is complete */
function write(exchange: Exchange, { status, headers, body, added = [] }: StoredResponse): Observable<never> {
  const { res } = exchange;
  exchange.outcome ??= 'cache_hit';
  res.statusCode = status;
  // What stages before have set is about this request: CORS, the request's id.
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !res.hasHeader(name)) res.setHeader(name, value);
  }
  for (let i = 0; i < added.length; i += 2) res.setHeader(added[i] ?? '', added[i + 1] ?? '');
  if (exchange.cacheStatus !== undefined) res.setHeader('Cache-Status', exchange.cacheStatus);
  // RFC 9110 section 8.6.
  if (status === 204) res.removeHeader('Content-Length');
  else if (status === 304) res.removeHeader('Content-Type');
  else res.setHeader('Content-Length', body.length);
  res.end(body);
  return NEVER;
}

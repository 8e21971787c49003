import { AsyncResource } from 'node:async_hooks';
import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { catchError, mergeMap, NEVER, type Observable, of } from 'rxjs';
import type { z } from 'zod';
import { faultEntry } from '../../common/errors/fault.js';
import { detachHead, type UnsentHead } from '../../common/http/ignored-handler.js';
import { inherited } from '../../common/http/inherited.js';
import { BODILESS_STATUSES, type HeaderRecord } from '../../common/http/response-headers.js';
import { ConfigStore } from '../config/config.store.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import { routeCacheSchema, STALE_INSTEAD } from '../config/schema/cache.js';
import type { CacheHit, CacheRefresh, ResponseTap, StoredResponse } from '../routing/cache-decision.js';
import { type Exchange, exchangeOf } from '../routing/exchange.js';
import { CodeRouteMetadata } from '../routing/code-route.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import { CacheInterceptor } from './cache.interceptor.js';

/** The same options as `cache` of a route in the configuration: `{ ttl: '1m', staleIfError: '1h' }`. */
export type CachedOptions = z.input<typeof routeCacheSchema>;

/**
 * Caches the answers of a handler in the way that `cache` of a route caches those of an upstream. Each user has their
 * own copies unless `per` is `'public'`.
 *
 * @throws TypeError when an option is invalid
 */
export function Cached(options: CachedOptions = {}): MethodDecorator {
  const parsed = routeCacheSchema.safeParse(options);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new TypeError(`@Cached: ${problems.join('; ')}`);
  }
  return applyDecorators(CachePolicy(parsed.data), UseInterceptors(CodeCacheInterceptor));
}

const CachePolicy = Reflector.createDecorator<z.output<typeof routeCacheSchema>>();

/** Caches the values of a handler of code in place of an upstream's responses. See `@Cached()`. */
@Injectable()
export class CodeCacheInterceptor implements NestInterceptor {
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
    // It takes the place of a route's id.
    const id = `code ${context.getClass().name}.${context.getHandler().name}`;
    const waiting = this.cache.open(exchange, id, this.policyOf(context), true);
    return waiting ? waiting.then(() => this.answer(exchange, next)) : this.answer(exchange, next);
  }

  private answer(exchange: Exchange, next: CallHandler): Observable<unknown> {
    const { cache, res } = exchange;
    exchange.trace?.events?.add('breakwater.cache', { 'breakwater.cache_status': cache?.status });
    if (cache?.kind !== 'hit') {
      return next.handle().pipe(
        mergeMap((value) => store(exchange, value)),
        catchError((error: unknown) => answerInstead(exchange, error)),
      );
    }
    // They are read before the stored headers replace them.
    const headers = headersOf(exchange);
    const { statusCode } = res;
    write(exchange, cache);
    const { refresh } = cache;
    if (refresh) {
      const run = AsyncResource.bind(() => {
        const head = detachHead(res, statusCode, headers);
        this.refresh(exchange, next, refresh, head);
      });
      // A plugin may still be at work on the head of the stored answer. A client that has left gets none.
      if (res.headersSent || res.closed) run();
      else res.once('close', run);
    }
    return NEVER;
  }

  private refresh(
    exchange: Exchange,
    next: CallHandler,
    { tap, onDone }: CacheRefresh,
    head: UnsentHead,
  ): void {
    next.handle().subscribe({
      next: (value) => {
        const answer = isPartial() ? undefined : answerOf(head.statusCode, headersOf(exchange, head), value);
        if (answer) pass(tap, answer);
      },
      // The next request tries again.
      error: (error: unknown) => {
        // The failure of an upstream is counted where the upstream is called.
        if (!UpstreamError.behind(error)) this.logger.error(faultEntry(error));
        onDone();
      },
      complete: onDone,
    });
  }

  private policyOf(context: ExecutionContext): RouteCacheConfig {
    const handler = context.getHandler();
    const route = this.reflector.get(CodeRouteMetadata, handler)?.config;
    const {
      ttl = this.config.current.cache.ttl,
      per = route?.auth === 'none' ? 'public' : 'user',
      staleIfError = 0,
      ...rest
    } = route?.cache ?? this.reflector.get(CachePolicy, handler);
    return { ...rest, ttl, per, staleIfError, staleInsteadOf: STALE_INSTEAD };
  }
}

function store(exchange: Exchange, value: unknown): Observable<unknown> {
  const { res, cache, tap } = exchange;
  const answer = isPartial() ? undefined : answerOf(res.statusCode, headersOf(exchange), value);
  if (!answer) tap?.onReplaced?.('other');
  const stale = tap && answer && pass(tap, answer);
  if (stale) return write(exchange, stale);
  if (cache?.status !== undefined && !res.headersSent) res.setHeader('Cache-Status', cache.status);
  return of(value);
}

/** The next request may get the whole answer. */
function isPartial(): boolean {
  return inherited.getStore()?.isPartial === true;
}

/** @returns the stored answer that the client gets in place of this one */
function pass(tap: ResponseTap, answer: StoredResponse): CacheHit | undefined {
  const instead = tap.onHead(answer);
  if (instead) return instead;
  tap.onData?.(answer.body);
  tap.onEnd?.();
  return undefined;
}

/** Gives a stale answer in place of an error of an upstream or of the handler (RFC 5861 section 4). */
function answerInstead(exchange: Exchange, error: unknown): Observable<never> {
  const { cache } = exchange;
  const status = error instanceof HttpException ? error.getStatus() : 500;
  const failure = UpstreamError.behind(error);
  const isGone = failure?.outcome === 'client_gone';
  if (cache?.kind !== 'forward' || isGone || !STALE_INSTEAD.includes(status)) throw error;
  const stale = cache.stale?.(failure ? undefined : status);
  if (!stale) throw error;
  exchange.replaceResponse('stale');
  return write(exchange, stale);
}

/**
 * The answer that Nest and Express make of a value.
 *
 * @returns `undefined` for an answer that is not stored: a stream, or one that the handler sends by itself
 */
function answerOf(status: number, headers: HeaderRecord, value: unknown): StoredResponse | undefined {
  if (value instanceof StreamableFile) return undefined;
  if (value === undefined && !EMPTY_ON_PURPOSE.has(status)) return undefined;
  if (value === undefined || value === null) {
    return { status, headers: { ...headers, 'content-length': '0' }, body: new Uint8Array() };
  }
  const isObject = typeof value === 'object';
  // All other values are primitives.
  const body = Buffer.from(isObject ? JSON.stringify(value) : String(value as string | number | boolean));
  const type = headers['content-type'] ?? (isObject ? 'application/json' : 'text/html');
  return {
    status,
    headers: { ...headers, 'content-type': inUtf8(String(type)), 'content-length': String(body.length) },
    body,
  };
}

/** Handlers that answer with one of these return nothing. */
const EMPTY_ON_PURPOSE: ReadonlySet<number> = new Set([204, 205]);

function inUtf8(type: string): string {
  return /;\s*charset=/i.test(type) ? type : `${type}; charset=utf-8`;
}

/** @returns the headers of the handler, without those of CORS, which the gateway adds for each origin */
function headersOf({ res, cors }: Exchange, head: Pick<UnsentHead, 'getHeaders'> = res): HeaderRecord {
  const fields = Object.entries(head.getHeaders()).map(([name, value]) => {
    const each = Array.isArray(value) ? value : String(value);
    return [name, name === 'vary' && cors.origins.length > 0 ? withoutOrigin(String(each)) : each] as const;
  });
  const hasCors = (name: string) => cors.origins.length > 0 && name.startsWith('access-control-');
  return Object.fromEntries(fields.filter(([name, value]) => value !== '' && !hasCors(name)));
}

function withoutOrigin(vary: string): string {
  const names = vary.split(/\s*,\s*/);
  return names.filter((name) => name.toLowerCase() !== 'origin').join(', ');
}

/** @returns an observable without a value, because Nest has nothing left to send */
function write(exchange: Exchange, hit: CacheHit): Observable<never> {
  const { res } = exchange;
  const { status, headers, body, added = [] } = hit.response;
  exchange.cache = hit;
  exchange.outcome ??= 'cache_hit';
  res.statusCode = status;
  // Headers that earlier stages have set belong to this request: CORS, the request's id.
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (name === 'vary') res.vary(String(value));
    else if (!res.hasHeader(name)) res.setHeader(name, value);
  }
  for (let i = 0; i < added.length; i += 2) res.setHeader(added[i] ?? '', added[i + 1] ?? '');
  res.setHeader('Cache-Status', hit.status);
  if (BODILESS_STATUSES.has(status)) {
    res.removeHeader('Content-Length');
    res.removeHeader('Content-Type');
  } else {
    res.setHeader('Content-Length', body.length);
  }
  res.end(body);
  return NEVER;
}

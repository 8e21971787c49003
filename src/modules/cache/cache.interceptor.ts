import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request } from 'express';
import type { Observable } from 'rxjs';
import type { Clock } from '../../common/clock.js';
import { parseCacheControl } from '../../common/http/cache-control.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import { type Exchange, exchangeOf } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { cacheKey } from './cache-key.js';
import { type CacheEntry, ResponseStore } from './response-store.js';
import { StoringTap } from './storing-tap.js';

/** Puts a stored answer on the exchange if there is a fresh one, or else a tap that stores the coming one. */
@Injectable()
export class CacheInterceptor implements NestInterceptor {
  private readonly maxEntryBytes: number;

  constructor(
    @Inject(ResponseStore) private readonly store: ResponseStore,
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.maxEntryBytes = config.current.cache.maxEntryBytes;
  }

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const exchange = exchangeOf(context.switchToHttp().getRequest<Request>());
    const { route } = exchange ?? {};
    if (!exchange || !route?.cache) return next.handle();
    if (!isCacheable(exchange, route.cache)) {
      exchange.cacheResult = 'bypass';
      exchange.cacheStatus = 'Breakwater; fwd=bypass';
      return next.handle();
    }
    return this.lookUp(exchange, route, route.cache).then(() => next.handle());
  }

  private async lookUp(exchange: Exchange, route: RouteModel, policy: RouteCacheConfig): Promise<void> {
    const key = cacheKey(exchange, route, policy.per);
    const wantsFresh = demandsValidation(exchange.req);
    const entry = wantsFresh ? undefined : await this.store.get(key);
    if (entry && this.isFresh(entry)) {
      this.use(exchange, entry);
      return;
    }
    exchange.cacheResult = 'miss';
    exchange.cacheStatus = `Breakwater; fwd=${wantsFresh ? 'request' : 'uri-miss'}`;
    exchange.tap = new StoringTap({
      ttl: policy.ttl,
      isPrivate: policy.per === 'user' && exchange.identity !== undefined,
      authenticated: exchange.identity !== undefined || exchange.req.headers.authorization !== undefined,
      maxEntryBytes: this.maxEntryBytes,
      clock: this.clock,
      store: (fresh) => void this.store.set(key, fresh),
    });
  }

  private isFresh(entry: CacheEntry): boolean {
    return this.clock.now() - entry.storedAt < entry.freshFor;
  }

  private use(exchange: Exchange, entry: CacheEntry): void {
    const resident = this.clock.now() - entry.storedAt;
    const age = Math.floor((entry.initialAge + resident) / 1000);
    const ttl = Math.floor((entry.freshFor - resident) / 1000);
    exchange.cacheResult = 'hit';
    exchange.cacheStatus = `Breakwater; hit; ttl=${ttl}`;
    exchange.stored = { ...entry, headers: { ...entry.headers, age: String(age) } };
  }
}

/**
 * A request with a body or a range asks for something else than the stored whole, and a user without a name
 * cannot be told from another one.
 */
function isCacheable({ req, head, identity }: Exchange, { per }: RouteCacheConfig): boolean {
  return (
    !(per === 'user' && identity?.subject === '') &&
    req.method === 'GET' &&
    !head.hasBody &&
    req.headers.range === undefined &&
    !parseCacheControl(req.headers['cache-control']).has('no-store')
  );
}

/** RFC 9111 section 5.2.1.4; `Pragma` is its HTTP/1.0 spelling (section 5.4). */
function demandsValidation(req: Request): boolean {
  const field = req.headers['cache-control'];
  if (field === undefined) return req.headers.pragma === 'no-cache';
  const directives = parseCacheControl(field);
  return directives.has('no-cache') || directives.get('max-age') === '0';
}

import type { IncomingHttpHeaders } from 'node:http';
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
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import { type Exchange, exchangeOf, type StoredResponse } from '../routing/exchange.js';
import type { CacheEntry } from './cache-entry.js';
import { cacheKey, type Keyed, resourceOf } from './cache-key.js';
import { CachingTap } from './caching-tap.js';
import { Invalidator } from './invalidator.js';
import type { KeeperOptions } from './keeper.js';
import { NOTHING_ASKED, type RequestDirectives, requestDirectives } from './request-directives.js';
import { PartTap } from './part-tap.js';
import { Recent } from './recent.js';
import { ResponseCache } from './response-cache.js';
import { ageOf, reuse, usableOnError } from './reuse.js';
import { type Land, type Landing, SingleFlight } from './single-flight.js';
import { answerWith } from './stored-answer.js';
import { conditionsFor } from './validation.js';

/** Milliseconds that a request waits for the answer to another one before it asks by itself. */
const WAIT = 3_000;
/** For so long, requests for what turned out not to be storable do not wait for each other. */
const UNSTORABLE = { max: 10_000, ttl: 10_000 };

/** A request that the cache may answer. */
interface Lookup {
  readonly exchange: Exchange;
  readonly route: Keyed;
  readonly policy: RouteCacheConfig;
  readonly key: string;
  readonly asked: RequestDirectives;
}

/** Puts a stored answer on the exchange if there is one to use, or else a tap that stores the coming one. */
@Injectable()
export class CacheInterceptor implements NestInterceptor {
  private readonly maxEntryBytes: number;
  private readonly flights = new SingleFlight();
  private readonly unstorable = new Recent<true>(UNSTORABLE.max, UNSTORABLE.ttl);

  constructor(
    @Inject(ResponseCache) private readonly cache: ResponseCache,
    @Inject(Invalidator) private readonly invalidator: Invalidator,
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
    if (!exchange || !route?.config.cache) return next.handle();
    const waiting = this.open(exchange, route.config, route.config.cache);
    return waiting ? waiting.then(() => next.handle()) : next.handle();
  }

  /**
   * @param route whose answers they are
   * @returns a promise only when there is something to wait for
   * @throws ProblemError `not_cached`
   */
  open(exchange: Exchange, route: Keyed, policy: RouteCacheConfig): Promise<void> | undefined {
    const { headers } = exchange.req;
    const asked = requestDirectives(headers['cache-control'], headers.pragma);
    if (asked.noStore || !isCacheable(exchange, policy)) {
      // RFC 9111 section 5.2.1.7.
      if (asked.onlyIfCached && isRead(exchange)) throw new ProblemError('not_cached');
      exchange.cacheResult = 'bypass';
      exchange.cacheStatus = `Breakwater; fwd=${isRead(exchange) ? 'bypass' : 'method'}`;
      this.invalidator.follow(exchange);
      return undefined;
    }
    const key = cacheKey(exchange, route, policy.per);
    return this.decide({ exchange, route, policy, key, asked });
  }

  /** @returns a promise only when there is something to wait for */
  private decide(
    lookup: Lookup,
    waitUntil = this.clock.now() + WAIT,
    read?: { readonly found: CacheEntry | undefined },
  ): Promise<void> | undefined {
    const { exchange, key, asked } = lookup;
    const entry = this.cache.find(key, exchange) ?? read?.found;
    if (entry && this.use(lookup, entry)) return undefined;
    const flight = this.cache.nameOf(key, exchange);
    const reading = read ? undefined : this.read(lookup, flight);
    if (reading) return reading.then((found) => this.decide(lookup, waitUntil, { found }));
    // RFC 9111 section 5.2.1.7.
    if (asked.onlyIfCached) throw new ProblemError('not_cached');
    this.prepareForward(lookup, entry);
    if (!isWhole(exchange)) {
      if (entry) exchange.tap = new PartTap(this.keeping(lookup), entry);
      return undefined;
    }
    if (this.unstorable.has(flight) || wantsItsOwn(asked) || isForOne(exchange, entry)) {
      exchange.tap = this.tap(lookup, entry, flight);
      return undefined;
    }
    const waiting = this.flights.join(flight, Math.max(0, waitUntil - this.clock.now()));
    if (waiting) return waiting.then((landing) => this.afterWaiting(lookup, landing, waitUntil));
    this.lead(lookup, entry, flight);
    return undefined;
  }

  private afterWaiting(lookup: Lookup, landing: Landing, waitUntil: number): Promise<void> | undefined {
    const { exchange, key } = lookup;
    const arrived = this.cache.find(key, exchange);
    if (arrived && this.use(lookup, arrived, `${exchange.cacheStatus}; collapsed`)) return undefined;
    // What it was to validate may be gone by now, or be another one.
    this.prepareForward(lookup, arrived);
    const stale = landing === 'failed' ? exchange.stale?.() : undefined;
    if (stale) {
      exchange.stored = stale;
      exchange.cacheStatus = 'Breakwater; fwd=stale; collapsed; detail=stale-if-error';
      return undefined;
    }
    // One of them is the next to ask, and the others wait for that.
    if (landing === 'failed' || landing === 'gone') return this.decide(lookup, waitUntil);
    if (landing === 'stored' && !arrived) {
      // Another variant, or void by now. Otherwise the memory had no room, and will have none for the next one.
      const isWorthIt =
        this.cache.hasVariants(key) || this.cache.isOutdated(resourceOf(exchange), exchange.startedAt);
      return this.decide(lookup, isWorthIt ? waitUntil : 0);
    }
    exchange.tap = this.tap(lookup, arrived, this.cache.nameOf(key, exchange));
    return undefined;
  }

  /** Looks behind the memory, unless somebody is at it or nothing of the kind is stored. */
  private read({ key, exchange }: Lookup, flight: string): Promise<CacheEntry | undefined> | undefined {
    if (this.flights.isFlying(flight) || this.unstorable.has(flight)) return undefined;
    return this.cache.read(key, exchange);
  }

  /** @returns whether the entry answers the request */
  private use(lookup: Lookup, entry: CacheEntry, status?: string): boolean {
    const { exchange, asked } = lookup;
    const now = this.clock.now();
    const how = reuse(entry, now, asked);
    if (how === 'validate') return false;
    const ttl = Math.floor((entry.lifetime - ageOf(entry, now)) / 1000);
    exchange.cacheResult = how === 'fresh' ? 'hit' : 'stale';
    exchange.cacheStatus = status ?? `Breakwater; hit; ttl=${ttl}`;
    exchange.stored = this.answer(exchange, entry, now);
    if (how === 'stale-while-revalidate' && isWhole(exchange)) this.refresh(lookup, entry);
    return true;
  }

  private refresh(lookup: Lookup, entry: CacheEntry): void {
    const { exchange, key } = lookup;
    const flight = this.cache.nameOf(key, exchange);
    if (this.flights.isFlying(flight)) return;
    exchange.conditions = conditionsFor(entry.headers);
    this.lead(lookup, entry, flight);
  }

  private prepareForward({ exchange, key, asked }: Lookup, entry: CacheEntry | undefined): void {
    exchange.cacheResult = 'miss';
    exchange.cacheStatus = `Breakwater; fwd=${this.reason(key, entry)}`;
    exchange.conditions = undefined;
    exchange.stale = undefined;
    if (!entry) return;
    if (isWhole(exchange)) {
      const conditions = conditionsFor(entry.headers);
      if (conditions.length > 0) exchange.conditions = conditions;
    }
    const since = this.clock.now();
    if (!usableOnError(entry, since, asked)) return;
    exchange.stale = (upstreamStatus) => {
      // Purged meanwhile, or invalidated. A purge of something else has left it where it was.
      const mayBeGone = this.cache.isOutdated(resourceOf(exchange), since);
      if (mayBeGone && this.cache.find(key, exchange) !== entry) return undefined;
      exchange.cacheResult = 'stale';
      const seen = upstreamStatus === undefined ? '' : `; fwd-status=${upstreamStatus}`;
      exchange.cacheStatus = `Breakwater; fwd=stale${seen}; detail=stale-if-error`;
      return this.answer(exchange, entry, this.clock.now(), STALE);
    };
  }

  /** Others wait for this one. */
  private lead(lookup: Lookup, entry: CacheEntry | undefined, flight: string): void {
    const { exchange } = lookup;
    const { res, stale } = exchange;
    // Left while Redis was asked: nothing would tell those who wait.
    if (res.closed && !exchange.stored) return;
    const land = this.flights.lead(flight);
    const tap = this.tap(lookup, entry, flight, land);
    const end: Land = (landing) => {
      if (!tap.isStoring) land(landing);
    };
    exchange.tap = tap;
    if (exchange.stored) {
      // A background refresh outlives its client, and is over when its call is.
      exchange.refreshed = () => end('failed');
      return;
    }
    if (stale) {
      exchange.stale = (upstreamStatus) => {
        land('failed');
        return stale(upstreamStatus);
      };
    }
    res.once('close', () => {
      if (!res.writableFinished) end('gone');
      // An open breaker keeps the others away by itself, and all of them at once.
      else end(exchange.outcome === 'breaker_open' ? 'unshared' : 'failed');
    });
  }

  private tap(lookup: Lookup, stored: CacheEntry | undefined, flight: string, land?: Land): CachingTap {
    const { exchange } = lookup;
    return new CachingTap({
      ...this.keeping(lookup),
      maxEntryBytes: this.maxEntryBytes,
      stored,
      confirmed: (entry) => {
        // Not for who has the old answer already, which this one was refreshed behind.
        if (!exchange.stored) {
          exchange.cacheResult = 'revalidated';
          exchange.cacheStatus += '; fwd-status=304';
        }
        return this.answer(exchange, entry, this.clock.now());
      },
      landed: (as) => {
        if (as === 'stored') this.unstorable.delete(flight);
        else if (as === 'unstorable') this.unstorable.set(flight, true);
        land?.(as === 'unstorable' ? 'unshared' : as);
      },
    });
  }

  private keeping({ exchange, route, policy, key }: Lookup): KeeperOptions {
    return { exchange, route: route.id, key, policy, cache: this.cache, clock: this.clock };
  }

  /** RFC 9211 section 2.2: why the request goes on. */
  private reason(key: string, entry: CacheEntry | undefined): string {
    if (entry) return reuse(entry, this.clock.now(), NOTHING_ASKED) === 'fresh' ? 'request' : 'stale';
    return this.cache.hasVariants(key) ? 'vary-miss' : 'uri-miss';
  }

  private answer(
    { req }: Exchange,
    entry: CacheEntry,
    now: number,
    added?: readonly string[],
  ): StoredResponse {
    const { method, headers } = req;
    return answerWith(entry, { method, headers, age: ageOf(entry, now), wall: this.clock.wall(), added });
  }
}

/** Some servers take these for the real method or host, which the key does not have. */
const OVERRIDES = ['x-http-method', 'x-method-override', 'x-host', 'x-http-host-override', 'x-original-host'];
const STALE = ['Breakwater-Fallback', 'stale'];

/**
 * A body asks for something else than what is stored, conditions on changing the resource are the upstream's to
 * judge, and a user without a name cannot be told from another one.
 */
function isCacheable(exchange: Exchange, { per }: RouteCacheConfig): boolean {
  const { req, head, identity } = exchange;
  const { headers } = req;
  return (
    isRead(exchange) &&
    !head.hasBody &&
    headers['if-match'] === undefined &&
    headers['if-unmodified-since'] === undefined &&
    !hasOverride(headers) &&
    !(per === 'user' && identity?.subject === '')
  );
}

function hasOverride(headers: IncomingHttpHeaders): boolean {
  for (const name of OVERRIDES) if (headers[name] !== undefined) return true;
  return false;
}

/** The next answer will have to be validated for each client as this one has, and helps nobody in an outage. */
function isForOne({ stale }: Exchange, entry: CacheEntry | undefined): boolean {
  return entry !== undefined && (entry.noCache || entry.lifetime === 0) && !stale;
}

/** No answer to somebody else will do. */
function wantsItsOwn({ noCache, maxAge }: RequestDirectives): boolean {
  return noCache || maxAge === 0;
}

function isRead({ req: { method } }: Exchange): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Is the upstream's answer to it one that can be stored? */
function isWhole({ req }: Exchange): boolean {
  return req.method === 'GET' && req.headers.range === undefined;
}

import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';
import type { Observable } from 'rxjs';
import type { Clock } from '../../common/clock.js';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import {
  type CacheForward,
  type CacheRefresh,
  type Exchange,
  exchangeOf,
  type ResponseTap,
} from '../routing/exchange.js';
import type { CacheEntry } from './cache-entry.js';
import { cacheKey, resourceOf, shortHash } from './cache-key.js';
import { CachingTap, partTap } from './caching-tap.js';
import { NOTHING_ASKED, requestDirectives } from './directives.js';
import { EntryWriter, type Lookup } from './entry-writer.js';
import { Flight, type FlightResult } from './flights.js';
import { Invalidator } from './invalidator.js';
import { type Found, ResponseCache } from './response-cache.js';
import { ageOf, asksForWhole, isCacheable, isRead, reuse, usableOnError, wantsOwnAnswer } from './reuse.js';
import { answerWith } from './stored-answer.js';
import { conditionsFor } from './validation.js';

/** Milliseconds that a request waits for another one before it goes to the upstream by itself. */
const MAX_WAIT = 3_000;
/** For this time, requests for a response that could not be stored do not wait for each other. */
const UNSTORABLE = { max: 10_000, ttl: 10_000 };
const STALE_HEADERS = ['Breakwater-Fallback', 'stale'];

type Asking = Pick<CacheForward, 'status' | 'conditions' | 'stale'>;

/**
 * Answers a request from the cache, or decides what the upstream is asked and who stores its answer:
 *
 * 1. Look in memory.
 * 2. Answer if the entry is fresh, or may be used stale.
 * 3. Wait for the request for the same response that is under way, and look again.
 * 4. Become the request that others wait for.
 * 5. Look in the shared tier.
 * 6. Refuse with `only-if-cached`.
 * 7. Store the upstream's response on its way to the client.
 */
@Injectable()
export class CacheInterceptor implements NestInterceptor {
  private readonly maxEntryBytes: number;
  /** Those under way: at most one for each name. */
  private readonly flights = new Map<string, Flight>();
  /** Hashes of flight names. */
  private readonly unstorable = new LRUCache<string, true>(UNSTORABLE);

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
    const waiting = this.open(exchange, route.config.id, route.config.cache);
    return waiting ? waiting.then(() => next.handle()) : next.handle();
  }

  /**
   * Sets `exchange.cache`.
   *
   * @param route id of the route, or of a handler of code
   * @returns nothing for a hit in memory, which would be slowed down by a promise
   * @throws ProblemError `not_cached`
   */
  open(exchange: Exchange, route: string, policy: RouteCacheConfig): Promise<void> | undefined {
    const { headers } = exchange.req;
    const asked = requestDirectives(headers['cache-control'], headers.pragma);
    if (asked.noStore || !isCacheable(exchange, policy)) {
      // RFC 9111 section 5.2.1.7.
      if (asked.onlyIfCached && isRead(exchange)) throw new ProblemError('not_cached');
      const status = `Breakwater; fwd=${isRead(exchange) ? 'bypass' : 'method'}`;
      exchange.cache = { kind: 'bypass', status, tap: this.invalidator.tapFor(exchange) };
      return undefined;
    }
    const lookup = { exchange, route, policy, key: cacheKey(exchange, route, policy.per), asked };
    // 1. Look in memory.
    const found = this.cache.find(lookup.key, exchange);
    // 2. Answer if the entry is fresh, or may be used stale.
    return this.answer(lookup, found) ? undefined : this.forward(lookup, found);
  }

  /** @param found what memory has, which is not usable as it is */
  private async forward(lookup: Lookup, found: Found): Promise<void> {
    const { exchange, key, asked } = lookup;
    let waitUntil = this.clock.now() + MAX_WAIT;
    let mayRead = this.cache.hasSharedTier;
    let flight: Flight | undefined;
    for (;;) {
      const { name } = found;
      const underWay = this.flights.get(name);
      const isShared = this.isShared(lookup, found);
      if (underWay) {
        if (!isShared) break;
        // 3. Wait for the request for the same response that is under way, and look again.
        const status = this.forwardStatus(found);
        const result = await underWay.wait(Math.max(0, waitUntil - this.clock.now()));
        found = this.cache.find(key, exchange);
        const next = this.afterFlight(lookup, found, result, status);
        if (next === 'answered') return;
        if (next === 'alone') break;
        if (next === 'last-try') waitUntil = 0;
        continue;
      }
      // 4. Become the request that others wait for.
      flight = isShared ? this.lead(exchange, name) : undefined;
      // 5. Look in the shared tier.
      const reading = mayRead && !this.isUnstorable(name) ? this.cache.read(key, exchange, found) : undefined;
      if (!reading) break;
      mayRead = false;
      found = await reading;
      if (found.entry && reuse(found.entry, this.clock.now(), asked) !== 'validate') {
        // Before a background refresh begins a flight of the same name.
        flight?.land('found');
        this.answer(lookup, found);
        return;
      }
      const isSame = found.name === name;
      if (isSame && !this.isShared(lookup, found)) flight?.land('unshared');
      if (isSame) break;
      // The shared tier knows variants, and each variant has its own flight.
      flight?.land('found');
      flight = undefined;
    }
    // 6. Refuse with `only-if-cached` (RFC 9111 section 5.2.1.7).
    if (asked.onlyIfCached) throw new ProblemError('not_cached');
    // 7. Store the upstream's response on its way to the client.
    exchange.cache = this.forwardDecision(lookup, found, flight);
  }

  /**
   * Uses what a flight has brought.
   *
   * @param status `Cache-Status` of the request before it waited
   * @returns what is left to do: nothing, look again and perhaps wait, look again once, or ask the upstream alone
   */
  private afterFlight(
    lookup: Lookup,
    found: Found,
    result: FlightResult,
    status: string,
  ): 'answered' | 'retry' | 'last-try' | 'alone' {
    const { exchange } = lookup;
    const { entry, hasVariants } = found;
    const collapsed = result === 'found' ? undefined : `${status}; collapsed`;
    if (this.answer(lookup, found, collapsed)) return 'answered';
    if (result === 'unshared' || result === 'timeout') return 'alone';
    if (result === 'found' || result === 'stored') {
      // Each client has to validate it.
      if (entry) return 'alone';
      // It is another variant, or was invalidated. Otherwise memory has no room for it, nor will it have later.
      const isOutdated = this.cache.isOutdated(resourceOf(exchange), exchange.startedAt);
      return hasVariants || isOutdated ? 'retry' : 'last-try';
    }
    const stale = result === 'failed' ? this.staleOf(lookup, entry)?.() : undefined;
    if (!stale) return 'retry';
    exchange.cache = { ...stale, status: 'Breakwater; fwd=stale; collapsed; detail=stale-if-error' };
    return 'answered';
  }

  /** @returns whether the entry answers the request */
  private answer(lookup: Lookup, found: Found, status?: string): boolean {
    const { entry } = found;
    if (!entry) return false;
    const { exchange, asked } = lookup;
    const now = this.clock.now();
    const how = reuse(entry, now, asked);
    if (how === 'validate') return false;
    const age = ageOf(entry, now);
    const ttl = Math.floor((entry.lifetime - age) / 1000);
    exchange.cache = {
      kind: 'hit',
      result: how === 'fresh' ? 'hit' : 'stale',
      status: status ?? `Breakwater; hit; ttl=${ttl}`,
      response: answerWith(entry, exchange.req, age, this.clock),
      refresh: how === 'stale-while-revalidate' ? this.refresh(lookup, found, entry) : undefined,
    };
    return true;
  }

  /** @returns nothing while another request refreshes the entry */
  private refresh(lookup: Lookup, found: Found, entry: CacheEntry): CacheRefresh | undefined {
    const { name } = found;
    if (!asksForWhole(lookup.exchange) || this.flights.get(name)) return undefined;
    const conditions = conditionsFor(entry.headers);
    const flight = new Flight(this.flights, name);
    const tap = this.cachingTap(lookup, found, { conditions, stale: undefined, status: '' }, flight);
    return { conditions, tap, onDone: () => flight.land('failed') };
  }

  /** Decides whether one answer may serve all who ask for this response. */
  private isShared(lookup: Lookup, { entry, name }: Found): boolean {
    const { asked, exchange } = lookup;
    if (asked.onlyIfCached || !asksForWhole(exchange) || this.isUnstorable(name)) return false;
    return !wantsOwnAnswer(asked, this.staleOf(lookup, entry) ? undefined : entry);
  }

  /** @returns nothing when the client has left, after which nothing would release those who wait */
  private lead(exchange: Exchange, name: string): Flight | undefined {
    const { res } = exchange;
    if (res.closed) return undefined;
    const flight = new Flight(this.flights, name);
    res.once('close', () => {
      if (!res.writableFinished) flight.land('abandoned');
      // An open breaker rejects the others by itself, and all of them at once.
      else flight.land(exchange.outcome === 'breaker_open' ? 'unshared' : 'failed');
    });
    return flight;
  }

  private forwardDecision(lookup: Lookup, found: Found, flight?: Flight): CacheForward {
    const { entry } = found;
    const isWhole = asksForWhole(lookup.exchange);
    const conditions = entry && isWhole ? conditionsFor(entry.headers) : [];
    const asking = {
      status: this.forwardStatus(found),
      conditions: conditions.length > 0 ? conditions : undefined,
      stale: this.staleOf(lookup, entry),
    };
    let tap: ResponseTap | undefined;
    if (isWhole) tap = this.cachingTap(lookup, found, asking, flight);
    else if (entry)
      tap = partTap({ ...asking, writer: new EntryWriter(lookup, this.cache, this.clock), stored: entry });
    return { kind: 'forward', ...asking, tap };
  }

  private cachingTap(lookup: Lookup, found: Found, asking: Asking, flight?: Flight): CachingTap {
    const { exchange } = lookup;
    const { name } = found;
    return new CachingTap({
      ...asking,
      writer: new EntryWriter(lookup, this.cache, this.clock),
      maxEntryBytes: this.maxEntryBytes,
      stored: found.entry,
      confirmed: (entry) => ({
        kind: 'hit',
        result: 'revalidated',
        status: `${asking.status}; fwd-status=304`,
        response: answerWith(entry, exchange.req, ageOf(entry, this.clock.now()), this.clock),
      }),
      onResult: (result) => {
        if (result === 'stored') this.unstorable.delete(shortHash(name));
        else if (result === 'unstorable') this.unstorable.set(shortHash(name), true);
        flight?.land(result === 'unstorable' ? 'unshared' : result);
      },
    });
  }

  /** @returns nothing when the entry cannot be used while the upstream fails */
  private staleOf(lookup: Lookup, entry: CacheEntry | undefined): CacheForward['stale'] {
    const { exchange, key, asked } = lookup;
    const since = this.clock.now();
    if (!entry || !usableOnError(entry, since, asked)) return undefined;
    return (upstreamStatus) => {
      // It may have been purged or invalidated meanwhile. A purge of something else has left it in its place.
      const mayBeGone = this.cache.isOutdated(resourceOf(exchange), since);
      if (mayBeGone && this.cache.find(key, exchange).entry !== entry) return undefined;
      const seen = upstreamStatus === undefined ? '' : `; fwd-status=${upstreamStatus}`;
      const status = `Breakwater; fwd=stale${seen}; detail=stale-if-error`;
      const age = ageOf(entry, this.clock.now());
      const response = answerWith(entry, exchange.req, age, this.clock, STALE_HEADERS);
      return { kind: 'hit', result: 'stale', status, response };
    };
  }

  /** RFC 9211 section 2.2: why the request goes to the upstream. */
  private forwardStatus({ entry, hasVariants }: Found): string {
    let reason = hasVariants ? 'vary-miss' : 'uri-miss';
    if (entry) reason = reuse(entry, this.clock.now(), NOTHING_ASKED) === 'fresh' ? 'request' : 'stale';
    return `Breakwater; fwd=${reason}`;
  }

  private isUnstorable(name: string): boolean {
    return this.unstorable.has(shortHash(name));
  }
}

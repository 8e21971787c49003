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
import type { CacheForward, CacheRefresh } from '../routing/cache-decision.js';
import { type Exchange, exchangeOf } from '../routing/exchange.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { CacheEntry, Found } from './cache-entry.js';
import { cacheKey, resourceOf, shortHash } from './cache-key.js';
import { type Asking, CachingTap, partTap, ReadAhead, type TapOptions } from './caching-tap.js';
import { requestDirectives } from './directives.js';
import { EntryWriter, type Lookup } from './entry-writer.js';
import { Flight, type FlightResult, type NextStep, type Waiter, isRejected, waitLimit } from './flights.js';
import { Invalidator } from './invalidator.js';
import { ResponseCache } from './response-cache.js';
import {
  asksForWhole,
  forwardStatus,
  hasCredentials,
  isCacheable,
  isConditional,
  isRead,
  mayCollapse,
  reuse,
  usableFor,
  usableOnError,
  wantsOwnAnswer,
} from './reuse.js';
import { hitWith } from './stored-answer.js';
import { conditionsFor } from './validation.js';
import { variantFor } from './vary.js';

/** For this time, requests for a response that could not be stored do not wait for each other. */
const UNSTORABLE = { max: 10_000, ttl: 10_000 };
const STALE_HEADERS = ['Breakwater-Fallback', 'stale'];

/**
 * Answers a request from the cache, or decides what the upstream is asked and who stores its answer:
 *
 * 1. Look in memory.
 * 2. Answer if the entry is fresh, or may be used stale.
 * 3. Join the flight of the request for the same response that is under way, or lead one.
 * 4. Look in the shared tier.
 * 5. Refuse with `only-if-cached`.
 * 6. Store the upstream's response on its way to the client.
 *
 * The flight comes before the shared tier, so that all who wait for a response read it once.
 */
@Injectable()
export class CacheInterceptor implements NestInterceptor {
  /** Those under way: at most one for each name. */
  private readonly flights = new Map<string, Flight>();
  /** Hashes of the names of flights. */
  private readonly unstorable = new LRUCache<string, true>(UNSTORABLE);
  private readonly readAhead: ReadAhead;

  constructor(
    @Inject(ResponseCache) private readonly cache: ResponseCache,
    @Inject(Invalidator) private readonly invalidator: Invalidator,
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
  ) {
    // What clients have not read yet takes no more memory than the cache.
    this.readAhead = new ReadAhead(() => {
      const { maxBytes, maxEntryBytes } = config.current.cache;
      return Math.floor(maxBytes / maxEntryBytes);
    });
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
   * @param isCode whether a handler of code answers
   * @returns nothing for a hit in memory, which would be slowed down by a promise
   * @throws ProblemError `not_cached`
   */
  open(
    exchange: Exchange,
    route: string,
    policy: RouteCacheConfig,
    isCode = false,
  ): Promise<void> | undefined {
    const { headers } = exchange.req;
    const asked = requestDirectives(headers['cache-control'], headers.pragma);
    if (asked.noStore || !isCacheable(exchange, policy)) {
      // RFC 9111 section 5.2.1.7.
      if (asked.onlyIfCached && isRead(exchange)) throw new ProblemError('not_cached');
      const status = `Breakwater; fwd=${isRead(exchange) ? 'bypass' : 'method'}`;
      exchange.cache = { kind: 'bypass', status, tap: this.invalidator.tapFor(exchange) };
      return undefined;
    }
    const isPrivate = policy.per === 'user' && exchange.identity !== undefined;
    const lookup = {
      exchange,
      route,
      policy,
      key: cacheKey(exchange, route, policy.per),
      asked,
      isPrivate,
      hasCredentials: !isPrivate && hasCredentials(exchange),
      isCode,
    };
    // 1. Look in memory.
    const found = this.find(lookup);
    // 2. Answer if the entry is fresh, or may be used stale.
    return this.answer(lookup, found) ? undefined : this.forward(lookup, found);
  }

  /** @param found what memory has, which is not usable as it is */
  private async forward(lookup: Lookup, found: Found, mayRead = this.cache.hasSharedTier): Promise<void> {
    const { exchange, key, asked } = lookup;
    const name = flightName(lookup, found);
    const isUnstorable = this.unstorable.size > 0 && this.unstorable.has(shortHash(name));
    let flight: Flight | undefined;
    // 3. Join the flight of the request for the same response that is under way, or lead one.
    const underWay = this.flights.get(name);
    const mayWait = !underWay || lookup.isCode || !isRejected(exchange.route?.config, this.upstreams);
    if (!isUnstorable && mayWait && this.isShared(lookup, found)) {
      const result = underWay
        ? await underWay.join(this.waiter(lookup, found))
        : new Flight(this.flights, name, this.clock);
      if (result === 'answered') return;
      if (underWay) found = this.find(lookup);
      if (result === 'timeout') {
        exchange.cache = { ...this.forwardDecision(lookup, found), tap: undefined, isTimedOut: true };
        return;
      }
      if (result === 'alone') mayRead = false;
      else flight = this.lead(exchange, result);
    }
    // 4. Look in the shared tier.
    const reading = mayRead && !isUnstorable ? this.cache.read(key, exchange) : undefined;
    if (reading) {
      const before = found.name;
      found = usableFor(lookup.hasCredentials, await reading);
      const isUsable = found.entry && reuse(found.entry, this.clock.now(), asked) !== 'validate';
      if (isUsable || found.name !== before || !this.isShared(lookup, found)) {
        // A background refresh begins a flight of the same name, and others join that of this variant.
        flight?.release();
        const done = this.answer(lookup, found) ? undefined : this.forward(lookup, found, false);
        flight?.settle('found');
        return done;
      }
    }
    // 5. Refuse with `only-if-cached` (RFC 9111 section 5.2.1.7).
    if (asked.onlyIfCached) throw new ProblemError('not_cached');
    // 6. Store the upstream's response on its way to the client.
    exchange.cache = this.forwardDecision(lookup, found, flight);
  }

  private find(lookup: Lookup): Found {
    return usableFor(lookup.hasCredentials, this.cache.find(lookup.key, lookup.exchange));
  }

  private waiter(lookup: Lookup, found: Found): Waiter {
    const { exchange, isCode } = lookup;
    const { route, config } = exchange;
    let status = forwardStatus(found, this.clock.now());
    return {
      // The handler of code that this request waits for has its own limits.
      until: isCode || !route ? Infinity : this.clock.now() + waitLimit(route.config, config.upstreams),
      gone: exchange.gone,
      use: (result) => {
        const current = this.find(lookup);
        const step = this.afterFlight(lookup, current, result, `${status}; collapsed`);
        status = forwardStatus(current, this.clock.now());
        return step;
      },
    };
  }

  /**
   * Uses what a flight has brought.
   *
   * @param found what memory has now
   * @param status `Cache-Status` of an answer that the flight has brought
   */
  private afterFlight(lookup: Lookup, found: Found, result: FlightResult, status: string): NextStep {
    const { exchange, asked } = lookup;
    const { entry } = found;
    if (this.answer(lookup, found, result === 'found' ? undefined : status)) return 'answered';
    if (typeof result === 'object') {
      if (variantFor(result.fields, exchange) === result.variant) {
        // It came while this request waited. Otherwise it was stale before, or each client has to validate it.
        const arrivedAt = Math.max(result.arrivedAt, exchange.startedAt);
        if (!mayCollapse(result.entry, arrivedAt, asked)) return 'alone';
        exchange.cache = hitWith(result.entry, exchange, this.clock, 'stale', status);
        return 'answered';
      }
    } else if (result === 'failed') {
      const stale = this.staleOf(lookup, entry)?.();
      if (stale) {
        exchange.cache = { ...stale, status: 'Breakwater; fwd=stale; collapsed; detail=stale-if-error' };
        return 'answered';
      }
    }
    return result === 'unshared' || !this.isShared(lookup, found)
      ? 'alone'
      : { next: flightName(lookup, found) };
  }

  /** @returns whether the entry answers the request */
  private answer(lookup: Lookup, found: Found, status?: string): boolean {
    const { entry } = found;
    const how = entry ? reuse(entry, this.clock.now(), lookup.asked) : 'validate';
    if (!entry || how === 'validate') return false;
    const hit = hitWith(entry, lookup.exchange, this.clock, how === 'fresh' ? 'hit' : 'stale', status);
    const refresh = how === 'stale-while-revalidate' ? this.refresh(lookup, found, entry) : undefined;
    lookup.exchange.cache = refresh ? { ...hit, refresh } : hit;
    return true;
  }

  /** @returns nothing while another request refreshes the entry */
  private refresh(lookup: Lookup, found: Found, entry: CacheEntry): CacheRefresh | undefined {
    const name = flightName(lookup, found);
    if (this.flights.get(name)) return undefined;
    const conditions = conditionsFor(entry.headers);
    const flight = new Flight(this.flights, name, this.clock);
    const options = this.tapOptions(lookup, found, { conditions, stale: undefined, status: '' }, flight);
    return {
      conditions,
      tap: new CachingTap(options, this.readAhead),
      onDone: () => flight.settle('failed'),
    };
  }

  /** Decides whether one answer may serve all who ask for this response. */
  private isShared(lookup: Lookup, { entry }: Found): boolean {
    const { asked } = lookup;
    return !asked.onlyIfCached && !wantsOwnAnswer(asked, this.staleOf(lookup, entry) ? undefined : entry);
  }

  /** @returns nothing when the client has left, after which nothing would release those who wait */
  private lead(exchange: Exchange, flight: Flight): Flight | undefined {
    const { res } = exchange;
    const onClose = () => {
      if (!res.writableFinished) flight.settle('abandoned');
      // An open breaker rejects the others by itself, and all of them at once.
      else flight.settle(exchange.outcome === 'breaker_open' ? 'unshared' : 'failed');
    };
    if (res.closed) flight.settle('abandoned');
    else res.once('close', onClose);
    return res.closed ? undefined : flight;
  }

  private forwardDecision(lookup: Lookup, found: Found, flight?: Flight): CacheForward {
    const { exchange, isCode } = lookup;
    const { entry } = found;
    const isWhole = isCode || asksForWhole(exchange);
    const validators = entry ? conditionsFor(entry.headers) : [];
    const isHead = exchange.req.method === 'HEAD';
    // For those who wait, and for later requests, the whole is fetched. A HEAD is enough to validate what is stored.
    const wantsPart =
      flight !== undefined &&
      (isWhole ? !isCode && isConditional(exchange) && validators.length === 0 : !(isHead && entry));
    const mayValidate = validators.length > 0 && (isWhole || wantsPart);
    const asking = {
      status: forwardStatus(found, this.clock.now()),
      conditions: mayValidate || wantsPart ? validators : undefined,
      stale: this.staleOf(lookup, entry),
    };
    const options = this.tapOptions(lookup, found, asking, flight);
    const tap = isWhole || wantsPart ? new CachingTap(options, this.readAhead, wantsPart) : partTap(options);
    return { kind: 'forward', ...asking, tap, wantsPart };
  }

  private tapOptions(lookup: Lookup, found: Found, asking: Asking, flight?: Flight): TapOptions {
    const name = flightName(lookup, found);
    return {
      ...asking,
      writer: new EntryWriter(lookup, this.cache, this.clock),
      stored: found.entry,
      flight,
      onStorable: (isStorable) => {
        if (isStorable && this.unstorable.size > 0) this.unstorable.delete(shortHash(name));
        else if (!isStorable) this.unstorable.set(shortHash(name), true);
      },
    };
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
      return hitWith(entry, exchange, this.clock, 'stale', status, STALE_HEADERS);
    };
  }
}

/** Requests with credentials wait for each other only, since others get responses that they may not share. */
function flightName({ hasCredentials }: Lookup, { name }: Found): string {
  return hasCredentials ? `credentials ${name}` : name;
}

import { USER_HEADERS } from '../../common/http/header-owners.js';
import type { Exchange } from '../routing/exchange.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import type { CacheEntry, Found } from './cache-entry.js';
import { NOTHING_ASKED, type RequestDirectives } from './directives.js';
import type { StorePolicy } from './storable.js';

export type Aged = Omit<StorePolicy, 'keepFor' | 'isByTtl' | 'isForAll'> &
  Pick<CacheEntry, 'storedAt' | 'initialAge'>;

/**
 * - `fresh`: it can be used;
 * - `stale`: it can be used, because the client accepts it stale;
 * - `stale-while-revalidate`: it can be used while the upstream is asked for a newer one;
 * - `validate`: the upstream has to be asked first.
 */
export type Reuse = 'fresh' | 'stale' | 'stale-while-revalidate' | 'validate';

/** RFC 9111 section 4.2.3: current_age, in milliseconds. */
export function ageOf({ initialAge, storedAt }: Pick<Aged, 'initialAge' | 'storedAt'>, now: number): number {
  return initialAge + (now - storedAt);
}

/** @returns the same as if its lifetime ended now */
export function expired<T extends Aged>(entry: T, now: number): T {
  const lifetime = Math.min(entry.lifetime, ageOf(entry, now));
  return { ...entry, lifetime, staleWhileRevalidate: 0 };
}

/** Decides whether a stored response may be used, and how (RFC 9111 sections 4 and 4.2.4). */
export function reuse(entry: Aged, now: number, asked: RequestDirectives): Reuse {
  // Section 4: the upstream or the client demands validation.
  if (entry.noCache || asked.noCache) return 'validate';
  const age = ageOf(entry, now);
  // Section 5.2.1.1: it is older than the client accepts. A client that says 0 wants it validated at any age.
  if (age > asked.maxAge || asked.maxAge === 0) return 'validate';
  const left = entry.lifetime - age;
  // Section 4.2: response_is_fresh, and for as long as the client asks (section 5.2.1.3).
  if (left > 0 && left >= asked.minFresh) return 'fresh';
  if (entry.mustRevalidate || asked.minFresh > 0) return 'validate';
  if (asked.maxStale > 0 && -left <= asked.maxStale) return 'stale';
  // RFC 5861 section 3; not for a client that limits the age itself.
  const isGraced = entry.staleWhileRevalidate > 0 && -left <= entry.staleWhileRevalidate;
  return isGraced && asked.maxAge === Number.POSITIVE_INFINITY ? 'stale-while-revalidate' : 'validate';
}

/**
 * Decides whether a request that has waited for a response may use it. RFC 9111 section 4 lets a cache satisfy collapsed
 * requests with a response that it may reuse, and this one need not be fresh: it cannot be more recent.
 *
 * @param arrivedAt monotonic milliseconds at which the head of the response arrived, or the request, whichever was later
 */
export function mayCollapse(entry: Aged, arrivedAt: number, asked: RequestDirectives): boolean {
  if (reuse(entry, arrivedAt, asked) !== 'validate') return true;
  const isRestricted = entry.noCache || entry.mustRevalidate || entry.lifetime === 0;
  const isLimited = asked.noCache || asked.minFresh > 0 || ageOf(entry, arrivedAt) > asked.maxAge;
  return !isRestricted && !isLimited;
}

/** Decides whether a stale response may be used because the upstream has no answer (RFC 5861 section 4). */
export function usableOnError(entry: Aged, now: number, asked: RequestDirectives): boolean {
  // RFC 9111 section 4.2.4; a client that says no-cache prefers the error.
  if (entry.mustRevalidate || asked.noCache) return false;
  const staleness = ageOf(entry, now) - entry.lifetime;
  const window = Math.max(entry.staleIfError, asked.staleIfError);
  return window > 0 && staleness <= window;
}

/**
 * Decides whether the upstream may judge this request by credentials. `Cookie` is not one of them: it may be anything, and
 * a browser sends it to every page of a site.
 */
export function hasCredentials({ identity, head, req: { headers } }: Exchange): boolean {
  return (
    identity !== undefined ||
    (head.peerTrusted && USER_HEADERS.some((name) => headers[name] !== undefined)) ||
    headers.authorization !== undefined ||
    headers['proxy-authorization'] !== undefined ||
    headers['x-api-key'] !== undefined ||
    headers['x-auth-token'] !== undefined ||
    headers['api-key'] !== undefined ||
    headers['apikey'] !== undefined ||
    headers['ocp-apim-subscription-key'] !== undefined ||
    headers['private-token'] !== undefined ||
    headers['x-access-token'] !== undefined ||
    headers['x-amz-security-token'] !== undefined ||
    headers['x-goog-api-key'] !== undefined
  );
}

/** Fields that some servers take for the real method or host, which the key does not contain. */
const OVERRIDES = ['x-http-method', 'x-method-override', 'x-host', 'x-http-host-override', 'x-original-host'];

/**
 * Decides whether a stored response can answer this request. A body makes it another request, preconditions of a
 * change are the upstream's to judge, and users without a subject cannot be told apart.
 */
export function isCacheable(exchange: Exchange, { per }: Pick<RouteCacheConfig, 'per'>): boolean {
  const { head, identity } = exchange;
  const { headers } = exchange.req;
  return (
    isRead(exchange) &&
    !head.hasBody &&
    // No stored response can complete a WebSocket handshake.
    headers['sec-websocket-key'] === undefined &&
    headers['if-match'] === undefined &&
    headers['if-unmodified-since'] === undefined &&
    !OVERRIDES.some((name) => headers[name] !== undefined) &&
    !(per === 'user' && identity?.subject === '')
  );
}

export function isRead({ req: { method } }: Pick<Exchange, 'req'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Decides whether the upstream's answer to this request is one that can be stored. */
export function asksForWhole({ req }: Pick<Exchange, 'req'>): boolean {
  return req.method === 'GET' && req.headers.range === undefined;
}

/** Decides whether the upstream's answer may depend on what the client already has. */
export function isConditional({ req: { headers } }: Pick<Exchange, 'req'>): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
}

/**
 * Decides whether a request gains nothing from waiting for another one: the client demands an answer of its own, or
 * the stored one has to be validated for each client.
 */
export function wantsOwnAnswer({ noCache, maxAge }: RequestDirectives, stored: Aged | undefined): boolean {
  return noCache || maxAge === 0 || (stored !== undefined && (stored.noCache || stored.lifetime === 0));
}

/** Hides a shared entry from a request with credentials, unless the upstream lets it answer such requests. */
export function usableFor(hasCredentials: boolean, found: Found): Found {
  return hasCredentials && found.entry && !found.entry.isForAll ? { ...found, entry: undefined } : found;
}

/** @returns `Cache-Status` of a request that goes to the upstream, with the reason (RFC 9211 section 2.2) */
export function forwardStatus({ entry, hasVariants }: Found, now: number): string {
  let reason = hasVariants ? 'vary-miss' : 'uri-miss';
  if (entry) reason = reuse(entry, now, NOTHING_ASKED) === 'fresh' ? 'request' : 'stale';
  return `Breakwater; fwd=${reason}`;
}

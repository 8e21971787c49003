import { deltaSeconds } from '../../common/http/cache-control.js';
import { isHopByHop, nominatedByConnection } from '../../common/http/header-owners.js';
import { type HeaderRecord, isEventStream } from '../../common/http/response-headers.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import { fieldsOf, isForAnyCredentials } from './directives.js';
import { explicitLifetime, type FreshnessContext, heuristicLifetime } from './freshness.js';
import { conditionsFor } from './validation.js';

export interface StorableContext extends FreshnessContext {
  readonly policy: Pick<
    RouteCacheConfig,
    'ttl' | 'override' | 'heuristic' | 'statuses' | 'staleIfError' | 'staleWhileRevalidate'
  >;
  /** The request carried credentials. */
  readonly authenticated: boolean;
  /** Age on arrival in milliseconds (RFC 9111 section 4.2.3). */
  readonly initialAge: number;
}

/** How long a stored response may be used. Times are in milliseconds. */
export interface StorePolicy {
  /** The age up to which it is fresh. */
  readonly lifetime: number;
  /** `ttl` is the lifetime: it starts when the response is complete, whatever its age is then. */
  readonly isByTtl: boolean;
  /** The upstream lets it answer requests with any credentials (RFC 9111 section 3.5). */
  readonly isForAll: boolean;
  /** It is never used without validation. */
  readonly noCache: boolean;
  /** It is never used when stale. */
  readonly mustRevalidate: boolean;
  /** Counted from the end of the lifetime, as `staleWhileRevalidate` is. */
  readonly staleIfError: number;
  readonly staleWhileRevalidate: number;
  /** From the time of storing until nobody can use it any more; 0 when only those who wait for it can use it. */
  readonly keepFor: number;
}

/** Milliseconds that a response with a validator is kept after its lifetime. */
const KEEP_FOR_VALIDATION = 3_600_000;

/**
 * Partial and conditional answers mean nothing by themselves, and these refusals concern one client or request (RFC
 * 6585 sections 3 to 6).
 */
const NEVER_STORED: ReadonlySet<number> = new Set([
  206, 304, 400, 408, 413, 414, 416, 417, 428, 429, 431, 511,
]);
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 401, 402, 403, 404, 405, 406, 407, 409, 410,
  411, 412, 415, 421, 422, 424, 426, 451, 500, 501, 502, 503, 504, 505, 507,
]);
/**
 * Statuses that get the configured lifetime. RFC 9110 section 15.1 allows more of them, but a resource that is missing
 * (404, 410) may exist the next moment.
 */
const DEFAULT_LIFETIME: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308]);
/** These judge the credentials of one request, whatever the upstream says. */
const OF_CREDENTIALS: ReadonlySet<number> = new Set([401, 403, 407]);
/** A stale copy of an error helps nobody. */
const FIRST_ERROR = 500;

/** @returns `undefined` when the response must not be stored (RFC 9111 section 3) */
export function storePolicy(context: StorableContext): StorePolicy | undefined {
  const { status, headers, policy, isPrivate, authenticated } = context;
  const { control } = context.directives;
  // Section 3: the status has to be final, and understood if the response insists (section 5.2.2.3).
  if (status < 200 || NEVER_STORED.has(status)) return undefined;
  if (policy.statuses && !policy.statuses.includes(status)) return undefined;
  // An event stream may never end, and its beginning would be old.
  if (isEventStream(headers)) return undefined;
  const mustUnderstand = control.has('must-understand');
  if (mustUnderstand && !UNDERSTOOD.has(status)) return undefined;
  // Section 5.2.2.5; must-understand overrides it for caches that understand the status (section 5.2.2.3).
  if (control.has('no-store') && !mustUnderstand) return undefined;
  const excluded = excludedFields(context);
  // A cookie belongs to one browser (section 7.3), unless it is left out of the copy.
  if (headers['set-cookie'] !== undefined && !excluded.has('set-cookie')) return undefined;
  if (/(?:^|,)\s*\*\s*(?:,|$)/.test(String(headers['vary']))) return undefined;
  const isForAll = !OF_CREDENTIALS.has(status) && isForAnyCredentials(control);
  if (!isPrivate) {
    // Section 5.2.2.7: a list of fields makes only those private.
    if (control.has('private') && fieldsOf(control, 'private').length === 0) return undefined;
    // Section 3.5: an answer to an authenticated request is shared only if the upstream allows it.
    if (authenticated && !isForAll) return undefined;
  }
  const given = lifetimeOf(context);
  if (given === undefined) return undefined;
  const { lifetime } = given;
  const noCache = control.has('no-cache') && fieldsOf(control, 'no-cache').length === 0;
  // Section 5.2.2.2; proxy-revalidate and s-maxage say the same to shared caches (5.2.2.8, 5.2.2.10).
  const mustRevalidate =
    noCache ||
    control.has('must-revalidate') ||
    (!isPrivate && (control.has('proxy-revalidate') || control.has('s-maxage')));
  const stale = staleWindows(context, mustRevalidate);
  const left = noCache ? 0 : Math.max(0, lifetime - context.initialAge);
  const forValidation = conditionsFor(headers).length > 0 ? KEEP_FOR_VALIDATION : 0;
  const keepFor = left + Math.max(stale.staleIfError, stale.staleWhileRevalidate, forValidation);
  // Nobody can use it, not even those who wait for it.
  if (keepFor === 0 && (mustRevalidate || lifetime === 0)) return undefined;
  return { ...given, isForAll, noCache, mustRevalidate, ...stale, keepFor };
}

/** @returns `undefined` when the response has no lifetime and may not be given one */
function lifetimeOf(context: StorableContext): Pick<StorePolicy, 'lifetime' | 'isByTtl'> | undefined {
  const { policy, status, directives, initialAge } = context;
  // RFC 9111 section 4.2.2.
  const isHeuristicallyCacheable = DEFAULT_LIFETIME.has(status) || directives.control.has('public');
  // With `statuses` in the policy, all others have been refused before.
  const getsTtl = policy.ttl > 0 && (policy.statuses !== undefined || isHeuristicallyCacheable);
  const byTtl = getsTtl ? { lifetime: policy.ttl + initialAge, isByTtl: true } : undefined;
  if (policy.override && byTtl) return byTtl;
  const mayGuess = policy.heuristic && isHeuristicallyCacheable;
  const own = explicitLifetime(context) ?? (mayGuess ? heuristicLifetime(context) : undefined);
  if (own !== undefined) return { lifetime: own, isByTtl: false };
  // It is validated before each use (section 5.2.2.4), so that it needs no lifetime.
  const isValidated = isHeuristicallyCacheable && directives.control.has('no-cache');
  return byTtl ?? (isValidated ? { lifetime: 0, isByTtl: false } : undefined);
}

/** RFC 5861: the response's own windows, or else those of the route, as far as RFC 9111 section 4.2.4 allows. */
function staleWindows({ status, directives: { control }, policy }: StorableContext, mustRevalidate: boolean) {
  if (mustRevalidate || status >= FIRST_ERROR) return { staleIfError: 0, staleWhileRevalidate: 0 };
  const window = (directive: string, configured: number) => {
    const own = policy.override ? undefined : deltaSeconds(control, directive);
    return own === undefined ? configured : own * 1000;
  };
  return {
    staleIfError: window('stale-if-error', policy.staleIfError),
    staleWhileRevalidate: window('stale-while-revalidate', policy.staleWhileRevalidate),
  };
}

function excludedFields({ directives: { control }, isPrivate }: FreshnessContext) {
  return new Set([
    // RFC 9111 section 5.2.2.4: these fields would need validation each time, so they are left out.
    ...fieldsOf(control, 'no-cache'),
    ...(isPrivate ? [] : fieldsOf(control, 'private')),
  ]);
}

/** RFC 9111 section 3.1: the fields that are stored. `Age` is left out, since each use computes its own. */
export function storedHeaders(context: FreshnessContext): HeaderRecord {
  const { headers, receivedAt } = context;
  const excluded = excludedFields(context);
  const nominated = nominatedByConnection(headers['connection']?.toString());
  const stored: Record<string, string | string[] | undefined> = {};
  for (const name of Object.keys(headers)) {
    if (name === 'age' || isHopByHop(name) || nominated.has(name) || excluded.has(name)) continue;
    stored[name] = headers[name];
  }
  // RFC 9110 section 6.6.1: a recipient with a clock adds a missing date.
  stored['date'] ??= new Date(receivedAt).toUTCString();
  return stored;
}

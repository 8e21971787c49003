import { deltaSeconds } from '../../common/http/cache-control.js';
import { isHopByHop, nominatedByConnection } from '../../common/http/header-owners.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';
import { fieldsOf } from './directives.js';
import { explicitLifetime, type FreshnessContext, mayBeGivenLifetime } from './freshness.js';
import { hasValidator } from './validation.js';

export interface StorableContext extends FreshnessContext {
  readonly policy: Pick<
    RouteCacheConfig,
    'ttl' | 'override' | 'statuses' | 'staleIfError' | 'staleWhileRevalidate'
  >;
  /** The request carried credentials. */
  readonly authenticated: boolean;
  /** Milliseconds it had already spent elsewhere (RFC 9111 section 4.2.3). */
  readonly initialAge: number;
}

/** How a response is kept; all in milliseconds. */
export interface Keeping {
  readonly lifetime: number;
  /** Never used without asking the upstream. */
  readonly noCache: boolean;
  /** Never used when stale. */
  readonly mustRevalidate: boolean;
  /** After the lifetime. */
  readonly staleIfError: number;
  readonly staleWhileRevalidate: number;
  /** From when it was stored until nobody can use it any more. */
  readonly keepFor: number;
}

/** How long what can be validated is kept after its lifetime. */
const KEPT_FOR_VALIDATION = 3_600_000;

/**
 * Parts and answers to conditions mean nothing by themselves, and refusals of one client or request are nobody else's
 * (RFC 6585 sections 3 to 6).
 */
const NEVER_STORED: ReadonlySet<number> = new Set([206, 304, 400, 408, 413, 414, 417, 428, 429, 431, 511]);
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 401, 402, 403, 404, 405, 406, 407, 409, 410,
  411, 412, 415, 416, 421, 422, 424, 426, 451, 500, 501, 502, 503, 504, 505, 507,
]);
/** Statuses whose `stale` copy would be no help to anybody. */
const FIRST_ERROR = 500;

/** @returns `undefined` when the response is not to be stored (RFC 9111 section 3) */
export function keeping(context: StorableContext): Keeping | undefined {
  const { status, headers, policy, isPrivate, authenticated } = context;
  const { control } = context.directives;
  // Section 3: a final status, and one that is understood if the response insists (section 5.2.2.3).
  if (status < 200 || NEVER_STORED.has(status)) return undefined;
  if (policy.statuses && !policy.statuses.includes(status)) return undefined;
  // It may never end, and half of it would be old.
  if (/^text\/event-stream(?:[; \t]|$)/i.test(String(headers['content-type']))) return undefined;
  const mustUnderstand = control.has('must-understand');
  if (mustUnderstand && !UNDERSTOOD.has(status)) return undefined;
  // Section 5.2.2.5; must-understand makes it void for caches that do (section 5.2.2.3).
  if (control.has('no-store') && !mustUnderstand) return undefined;
  const excluded = excludedFields(context);
  // A cookie is for one browser (section 7.3); one that is not stored with the rest does no harm.
  if (headers['set-cookie'] !== undefined && !excluded.has('set-cookie')) return undefined;
  if (/(?:^|,)\s*\*\s*(?:,|$)/.test(String(headers['vary']))) return undefined;
  if (!isPrivate) {
    // Section 5.2.2.7; with fields, only those are private.
    if (control.has('private') && !fieldsOf(control, 'private')) return undefined;
    // Section 3.5: an answer to an authenticated request is shared only if the upstream says so.
    if (authenticated && !['public', 's-maxage', 'must-revalidate'].some((name) => control.has(name)))
      return undefined;
  }
  const lifetime = lifetimeOf(context);
  if (lifetime === undefined) return undefined;
  const noCache = control.has('no-cache') && !fieldsOf(control, 'no-cache');
  // Section 5.2.2.2; proxy-revalidate and s-maxage say the same to shared caches (5.2.2.8, 5.2.2.10).
  const mustRevalidate =
    noCache ||
    control.has('must-revalidate') ||
    (!isPrivate && (control.has('proxy-revalidate') || control.has('s-maxage')));
  const stale = staleWindows(context, mustRevalidate);
  const left = noCache ? 0 : Math.max(0, lifetime - context.initialAge);
  const after = Math.max(
    stale.staleIfError,
    stale.staleWhileRevalidate,
    hasValidator(headers) ? KEPT_FOR_VALIDATION : 0,
  );
  const keepFor = left + after;
  return keepFor === 0 ? undefined : { lifetime, noCache, mustRevalidate, ...stale, keepFor };
}

/** @returns `undefined` when nothing says or allows how long it may be used */
function lifetimeOf(context: StorableContext): number | undefined {
  const { policy, status, directives } = context;
  const given = mayBeGivenLifetime(status, directives.control, policy.statuses) ? policy.ttl : undefined;
  if (policy.override && given !== undefined) return given;
  return explicitLifetime(context) ?? given;
}

/** RFC 5861: the response's own windows, else those of the route. RFC 9111 section 4.2.4 forbids them to some. */
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

function excludedFields({
  directives: { control },
  isPrivate,
}: Omit<FreshnessContext, 'status' | 'receivedAt'>) {
  return new Set([
    // RFC 9111 section 5.2.2.4: these would need validation each time, and so are left out.
    ...(fieldsOf(control, 'no-cache') ?? []),
    ...(isPrivate ? [] : (fieldsOf(control, 'private') ?? [])),
  ]);
}

/** RFC 9111 section 3.1: the fields that are stored. `Age` is left out because each use has its own. */
export function storedHeaders(
  context: Pick<FreshnessContext, 'headers' | 'directives' | 'isPrivate' | 'receivedAt'>,
): HeaderRecord {
  const { headers, receivedAt } = context;
  const excluded = excludedFields(context);
  const nominated = nominatedByConnection(headers['connection']?.toString());
  const stored: Record<string, string | string[] | undefined> = {};
  for (const name of Object.keys(headers)) {
    if (name === 'age' || isHopByHop(name) || nominated.has(name) || excluded.has(name)) continue;
    stored[name] = headers[name];
  }
  // RFC 9110 section 6.6.1: who has a clock dates what came without a date.
  stored['date'] ??= new Date(receivedAt).toUTCString();
  return stored;
}

import { type CacheControl, deltaSeconds, parseCacheControl } from '../../common/http/cache-control.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';

export interface StorableContext {
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly ttl: number;
  /** The entry is for one known user; any other may be given to anybody. */
  readonly isPrivate: boolean;
  /** The request carried credentials. */
  readonly authenticated: boolean;
}

/**
 * How long a response may be reused, in milliseconds; 0 means it is not stored at all.
 * RFC 9111 section 3, as far as it is served today.
 */
export function freshnessLifetime({
  status,
  headers,
  ttl,
  isPrivate,
  authenticated,
}: StorableContext): number {
  if (status !== 200) return 0;
  // A cookie is for one browser, and variants are not told apart yet.
  if (headers['set-cookie'] !== undefined || headers['vary'] !== undefined) return 0;
  const directives = parseCacheControl(headers['cache-control']);
  if (directives.has('no-store') || directives.has('no-cache')) return 0;
  if (!isPrivate) {
    if (directives.has('private')) return 0;
    // RFC 9111 section 3.5: an answer to an authenticated request is shared only if the upstream says so.
    if (authenticated && !['public', 's-maxage', 'must-revalidate'].some((name) => directives.has(name)))
      return 0;
  }
  const lifetime = ownLifetime(headers, directives, isPrivate) ?? ttl;
  return Math.max(0, lifetime - initialAge(headers));
}

/** RFC 9111 section 4.2.1: the lifetime the response gives itself, in milliseconds. */
function ownLifetime(
  headers: HeaderRecord,
  directives: CacheControl,
  isPrivate: boolean,
): number | undefined {
  const shared = isPrivate ? undefined : deltaSeconds(directives, 's-maxage');
  const seconds = shared ?? deltaSeconds(directives, 'max-age');
  if (seconds !== undefined) return seconds * 1000;
  const { expires, date } = headers;
  if (expires === undefined) return undefined;
  const lifetime = Date.parse(String(expires)) - (date === undefined ? Date.now() : Date.parse(String(date)));
  // Section 5.3: an invalid date, "0" above all, is a time in the past.
  return Number.isNaN(lifetime) ? 0 : Math.max(0, lifetime);
}

/** The age it came with, in milliseconds (RFC 9111 section 4.2.3). */
export function initialAge(headers: HeaderRecord): number {
  const seconds = Number(headers['age'] ?? 0);
  return Number.isInteger(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

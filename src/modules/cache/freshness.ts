import { deltaSeconds } from '../../common/http/cache-control.js';
import { parseHttpDate } from '../../common/http/http-date.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { ResponseDirectives } from './directives.js';

export interface FreshnessContext {
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly directives: ResponseDirectives;
  /** The entry is for one known user, and not shared. */
  readonly isPrivate: boolean;
  /** Arrival of the head in milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** RFC 9111 section 4.2.1: the lifetime that the response states, in milliseconds. */
export function explicitLifetime(context: FreshnessContext): number | undefined {
  const { headers, directives, isPrivate, receivedAt } = context;
  const { control, targeted } = directives;
  const shared = deltaSeconds(control, 's-maxage');
  // 1. s-maxage, where the entry is shared (section 5.2.2.10); 2. max-age (section 5.2.2.1).
  const seconds = (isPrivate ? undefined : shared) ?? deltaSeconds(control, 'max-age');
  if (seconds !== undefined) return seconds * 1000;
  // 3. Expires minus Date (section 5.3). RFC 9213 section 2.1: a targeted field replaces it.
  const { expires } = headers;
  if (expires !== undefined && !targeted) {
    // Section 5.3: an invalid date, "0" above all, is in the past, and so are several (section 4.2.1).
    const until = parseHttpDate(expires, receivedAt) ?? 0;
    return Math.max(0, until - (parseHttpDate(headers['date'], receivedAt) ?? receivedAt));
  }
  // 4. s-maxage alone, for one user: it is closer to what the upstream wants than the configured lifetime.
  return shared === undefined ? undefined : shared * 1000;
}

const LONGEST_HEURISTIC_MS = 86_400_000;

/** RFC 9111 section 4.2.2: a tenth of the time since the last change, and a day at most, in milliseconds. */
export function heuristicLifetime({ headers, receivedAt }: FreshnessContext): number | undefined {
  const modified = parseHttpDate(headers['last-modified'], receivedAt);
  if (modified === undefined) return undefined;
  const unchanged = (parseHttpDate(headers['date'], receivedAt) ?? receivedAt) - modified;
  return Math.min(Math.max(0, Math.floor(unchanged / 10)), LONGEST_HEURISTIC_MS);
}

/**
 * RFC 9111 section 4.2.3: the age of a response when it arrived, in milliseconds. `Date` does not count, which it may for
 * caches on the path that send no `Age`: a clock that is wrong by the lifetime would switch the cache off.
 *
 * @param responseDelay milliseconds from the request to the head
 */
export function initialAge(headers: HeaderRecord, responseDelay: number): number {
  return ageValue(headers) + responseDelay;
}

/** Section 5.1: the first value counts, and an invalid one is ignored. */
function ageValue({ age }: HeaderRecord): number {
  const first = (Array.isArray(age) ? age[0] : age)?.split(',')[0]?.trim() ?? '';
  return /^\d+$/.test(first) ? Math.min(Number(first), 2 ** 31) * 1000 : 0;
}

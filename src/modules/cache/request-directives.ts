import { deltaSeconds, parseCacheControl } from '../../common/http/cache-control.js';

/** What a request asks of a cache (RFC 9111 section 5.2.1); times in milliseconds. */
export interface RequestDirectives {
  /** Section 5.2.1.5. */
  readonly noStore: boolean;
  /** Section 5.2.1.4. */
  readonly noCache: boolean;
  /** Section 5.2.1.7. */
  readonly onlyIfCached: boolean;
  /** Section 5.2.1.1. */
  readonly maxAge: number;
  /** Section 5.2.1.3. */
  readonly minFresh: number;
  /** Section 5.2.1.2; without a value, any staleness. */
  readonly maxStale: number;
  /** RFC 5861 section 4. */
  readonly staleIfError: number;
}

export const NOTHING_ASKED: RequestDirectives = {
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAge: Number.POSITIVE_INFINITY,
  minFresh: 0,
  maxStale: 0,
  staleIfError: 0,
};
/** RFC 9111 section 5.4: the HTTP/1.0 spelling, for requests that have no other. */
const PRAGMA_NO_CACHE: RequestDirectives = { ...NOTHING_ASKED, noCache: true };

export function requestDirectives(field: string | undefined, pragma: string | undefined): RequestDirectives {
  if (field === undefined) {
    return pragma !== undefined && /(?:^|,)\s*no-cache\s*(?:,|$)/i.test(pragma)
      ? PRAGMA_NO_CACHE
      : NOTHING_ASKED;
  }
  const directives = parseCacheControl(field);
  const milliseconds = (name: string, without: number) => {
    const seconds = deltaSeconds(directives, name);
    return seconds === undefined ? without : seconds * 1000;
  };
  return {
    noStore: directives.has('no-store'),
    noCache: directives.has('no-cache'),
    onlyIfCached: directives.has('only-if-cached'),
    maxAge: milliseconds('max-age', Number.POSITIVE_INFINITY),
    minFresh: milliseconds('min-fresh', 0),
    maxStale: directives.get('max-stale') === true ? Number.POSITIVE_INFINITY : milliseconds('max-stale', 0),
    staleIfError: milliseconds('stale-if-error', 0),
  };
}

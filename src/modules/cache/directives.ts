import { type CacheControl, deltaSeconds, parseCacheControl } from '../../common/http/cache-control.js';
import { fieldNames } from '../../common/http/header-owners.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';

/** What a response says about its own caching. */
export interface ResponseDirectives {
  readonly control: CacheControl;
  /** They come from `CDN-Cache-Control`, which replaces `Expires` as well as `Cache-Control`. */
  readonly targeted: boolean;
}

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const INTEGER = String.raw`-?\d{1,15}(?![.\d])`;
const DECIMAL = String.raw`-?\d{1,12}\.\d{1,3}(?![.\d])`;
const STRING = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`;
const TOKEN = String.raw`[A-Za-z*][\w!#$%&'*+\-.^|~:/` + '`]*';
const BYTES = String.raw`:[A-Za-z\d+/]*=*:`;
const BARE = String.raw`(?:${INTEGER}|${DECIMAL}|${STRING}|${TOKEN}|${BYTES}|\?[01])`;
const PARAMETERS = String.raw`(?:; *[a-z*][a-z\d_\-.*]*(?:=${BARE})?)*`;
const INNER_LIST = String.raw`\( *(?:${BARE}${PARAMETERS}(?: +${BARE}${PARAMETERS})* *)?\)`;
const VALUE = new RegExp(`=(${BARE}|${INNER_LIST})`, 'y');
const IGNORED_PARAMETERS = new RegExp(PARAMETERS, 'y');
const COMMA = /[ \t]*,[ \t]*/y;

/** RFC 9213 section 2.1: a targeted field that is valid and not empty replaces `Cache-Control`. */
export function responseDirectives(headers: HeaderRecord): ResponseDirectives {
  const field = headers['cdn-cache-control'];
  const targeted = field === undefined ? undefined : parseTargeted(String(field));
  if (targeted) return { control: targeted, targeted: true };
  return { control: parseCacheControl(headers['cache-control']), targeted: false };
}

/**
 * RFC 9213 section 2.1: a Dictionary (RFC 8941 section 3.2) with the directives of `Cache-Control`.
 *
 * @returns `undefined` for an empty field or one that is not a dictionary, which is ignored
 */
export function parseTargeted(field: string): CacheControl | undefined {
  const directives = new Map<string, string | true>();
  const text = field.trim();
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    const key = take(KEY)?.[0];
    if (key === undefined) return undefined;
    directives.delete(key);
    if (text[at] === '=') {
      const value = take(VALUE)?.[1];
      if (value === undefined) return undefined;
      if (value !== '?0') directives.set(key, value === '?1' ? true : argument(key, value));
    } else {
      directives.set(key, true);
    }
    take(IGNORED_PARAMETERS);
    if (at === text.length) return directives;
    if (!take(COMMA)) return undefined;
  }
}

/** A lifetime has to be an Integer here. A value of another type means a lifetime of zero. */
function argument(key: string, value: string): string {
  if (key === 'max-age' || key === 's-maxage') return /^-?\d+$/.test(value) ? value : 'invalid';
  if (value.startsWith('(')) return '';
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}

/** @returns the lower-cased fields of `private="a, b"` or `no-cache="a, b"`; none for the bare directive */
export function fieldsOf(control: CacheControl, directive: 'private' | 'no-cache'): readonly string[] {
  const value = control.get(directive);
  return typeof value === 'string' ? fieldNames(value) : [];
}

/** RFC 9111 section 3.5: decides whether a response to credentials may answer requests with others, or without any. */
export function isForAnyCredentials(control: CacheControl): boolean {
  return control.has('public') || control.has('s-maxage') || control.has('must-revalidate');
}

/** A request that asks nothing of a cache (RFC 9111 section 5.2.1). Times are in milliseconds. */
export const NOTHING_ASKED = {
  /** Section 5.2.1.5. */
  noStore: false,
  /** Section 5.2.1.4. */
  noCache: false,
  /** Section 5.2.1.7. */
  onlyIfCached: false,
  /** Section 5.2.1.1. */
  maxAge: Number.POSITIVE_INFINITY,
  /** Section 5.2.1.3. */
  minFresh: 0,
  /** Section 5.2.1.2: infinite without a value. */
  maxStale: 0,
  /** RFC 5861 section 4. */
  staleIfError: 0,
};

/** What a request asks of a cache. */
export type RequestDirectives = Readonly<typeof NOTHING_ASKED>;

/** RFC 9111 section 5.4: the HTTP/1.0 spelling counts only without `Cache-Control`. */
const PRAGMA_NO_CACHE: RequestDirectives = { ...NOTHING_ASKED, noCache: true };

export function requestDirectives(field: string | undefined, pragma: string | undefined): RequestDirectives {
  if (field === undefined) {
    return pragma && /(?:^|,)\s*no-cache\s*(?:,|$)/i.test(pragma) ? PRAGMA_NO_CACHE : NOTHING_ASKED;
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

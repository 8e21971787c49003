import { type CacheControl, parseCacheControl } from '../../common/http/cache-control.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';

/** What a response says about its own caching. */
export interface ResponseDirectives {
  readonly control: CacheControl;
  /** `CDN-Cache-Control` spoke, so `Expires` counts no more than `Cache-Control` does. */
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

/** RFC 9213 section 2.1: the first field of the target list that is valid and not empty replaces the rest. */
export function responseDirectives(headers: HeaderRecord): ResponseDirectives {
  const field = headers['cdn-cache-control'];
  const targeted = field === undefined ? undefined : parseTargeted(String(field));
  if (targeted) return { control: targeted, targeted: true };
  return { control: parseCacheControl(headers['cache-control']), targeted: false };
}

/**
 * RFC 9213 section 2.1: a Dictionary (RFC 8941 section 3.2) with the directives of `Cache-Control`.
 *
 * @returns `undefined` for what is empty or no dictionary: such a field is ignored
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

/** A lifetime is an Integer here; of any other type it is no lifetime, which is to say none is left. */
function argument(key: string, value: string): string {
  if (key === 'max-age' || key === 's-maxage') return /^-?\d+$/.test(value) ? value : 'invalid';
  if (value.startsWith('(')) return '';
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}

/** @returns the lower-cased fields of `private="a, b"` or `no-cache="a, b"`; `undefined` for the bare directive */
export function fieldsOf(
  control: CacheControl,
  directive: 'private' | 'no-cache',
): readonly string[] | undefined {
  const value = control.get(directive);
  if (typeof value !== 'string') return undefined;
  const fields = value
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return fields.length > 0 ? fields : undefined;
}

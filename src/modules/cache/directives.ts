import { type CacheControl, parseCacheControl } from '../../common/http/cache-control.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';

/** What a response says about its own caching. */
export interface ResponseDirectives {
  readonly control: CacheControl;
  /** `CDN-Cache-Control` spoke, so `Expires` counts no more than `Cache-Control` does. */
  readonly targeted: boolean;
}

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const VALUE =
  /=(?:(-?\d{1,15})(?![.\d])|(-?\d{1,12}\.\d{1,3})|"((?:[^"\\]|\\["\\])*)"|([A-Za-z*][^\s",;()=]*)|\?([01]))/y;
const PARAMETER =
  /[ ]*;[ ]*[a-z*][a-z0-9_\-.*]*(?:=(?:-?\d+(?:\.\d+)?|"(?:[^"\\]|\\["\\])*"|[A-Za-z*][^\s",;]*|\?[01]))?/y;
const COMMA = /[ \t]*,[ \t]*/y;

/** RFC 9213 section 2.1: the first field of the target list that is valid and not empty replaces the rest. */
export function responseDirectives(headers: HeaderRecord): ResponseDirectives {
  const field = headers['cdn-cache-control'];
  const targeted = field === undefined ? undefined : parseTargeted(String(field));
  if (targeted && targeted.size > 0) return { control: targeted, targeted: true };
  return { control: parseCacheControl(headers['cache-control']), targeted: false };
}

/**
 * RFC 9213 section 2.1: a Dictionary (RFC 8941 section 3.2) with the directives of `Cache-Control`.
 *
 * @returns `undefined` for what is no dictionary: such a field is ignored
 */
export function parseTargeted(field: string): CacheControl | undefined {
  const directives = new Map<string, string | true>();
  const text = field.trim();
  if (text === '') return directives;
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
    if (text[at] === '=') {
      const value = take(VALUE);
      if (!value) return undefined;
      const [, integer, decimal, quoted, token, flag] = value;
      directives.delete(key);
      if (flag !== '0')
        directives.set(key, flag === '1' ? true : argument(key, integer, quoted ?? token ?? decimal));
    } else {
      directives.set(key, true);
    }
    while (take(PARAMETER));
    if (at === text.length) return directives;
    if (!take(COMMA)) return undefined;
  }
}

/** A lifetime is an Integer here; of any other type it is no lifetime, which is to say none is left. */
function argument(key: string, integer: string | undefined, other: string | undefined): string {
  if (integer !== undefined) return integer;
  return key === 'max-age' || key === 's-maxage' ? 'invalid' : (other ?? '');
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

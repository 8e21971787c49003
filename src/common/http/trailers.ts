import { isHopByHop } from './hop-by-hop.js';
import type { HeaderRecord } from './response-headers.js';

/** Fields that must be known before a body (RFC 9110 section 6.5.1): routing, authentication, control, payload. */
const HEAD_ONLY: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expires',
  'forwarded',
  'host',
  'location',
  'pragma',
  'range',
  'retry-after',
  'set-cookie',
  'strict-transport-security',
  'vary',
  'via',
  'warning',
  'www-authenticate',
  'x-request-id',
]);
const HEAD_ONLY_PREFIX = /^(?:access-control-|if-|proxy-|x-forwarded-|x-jwt-|x-user-)/;

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** @returns whether a field, in lower case, may come after a body */
function mayTrail(name: string): boolean {
  return !isHopByHop(name) && !HEAD_ONLY.has(name) && !HEAD_ONLY_PREFIX.test(name);
}

/**
 * @param trailer the field `Trailer` of an answer
 * @returns what of it clients may be told; `undefined` without any
 */
export function announcedTrailers(trailer: string | readonly string[]): string | undefined {
  const names = String(trailer)
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => TOKEN.test(name) && mayTrail(name));
  return names.length > 0 ? names.join(', ') : undefined;
}

/**
 * @param upstream lower-cased names
 * @returns those that may come after a body, names and values in pairs; `undefined` without one
 */
export function clientTrailers(upstream: HeaderRecord): [string, string][] | undefined {
  let trailers: [string, string][] | undefined;
  for (const [name, value] of Object.entries(upstream)) {
    if (value === undefined || !mayTrail(name)) continue;
    for (const each of Array.isArray(value) ? value : [value]) (trailers ??= []).push([name, each]);
  }
  return trailers;
}

import { isHopByHop, isReservedInRequests, nominatedByConnection } from './header-owners.js';

export type HeaderRecord = Readonly<Record<string, string | string[] | undefined>>;

/** RFC 9112 section 6.3: these responses have no body, and no `Content-Length` either (RFC 9110 section 8.6). */
export const BODILESS_STATUSES: ReadonlySet<number> = new Set([204, 304]);

/** Decides whether a response is an event stream, whose body has no end of its own. */
export function isEventStream({ 'content-type': type }: { readonly 'content-type'?: unknown }): boolean {
  return typeof type === 'string' && /^text\/event-stream(?:[; \t]|$)/i.test(type);
}

/**
 * @param lines names and values in turn
 * @param name lower case
 */
export function valueOf(lines: readonly string[], name: string): string | undefined {
  for (let i = 0; i < lines.length; i += 2)
    if (lines[i]?.length === name.length && lines[i]?.toLowerCase() === name) return lines[i + 1];
  return undefined;
}

/** Decides whether answers depend on the origin under this CORS, also those to requests without one. */
export function variesByOrigin({ origins }: { readonly origins: readonly string[] }): boolean {
  return origins.length > 0 && !origins.includes('*');
}

/**
 * Builds the headers of a client's response from the upstream's. It leaves out hop-by-hop headers, those that `Connection`
 * names and all framing, and adds each default that the upstream does not set.
 */
export class ClientHeaders {
  private readonly dropped: ReadonlySet<string>;

  /**
   * @param defaults with lower-cased names
   * @param dropped lower-cased names that are never passed on
   */
  constructor(
    private readonly defaults: readonly { readonly name: string; readonly value: string }[],
    dropped: Iterable<string>,
  ) {
    this.dropped = new Set(dropped);
  }

  /**
   * @param upstream lower-cased names
   * @returns names and values in turn, which the caller may extend
   */
  from(upstream: HeaderRecord): string[] {
    const nominated = nominatedByConnection(upstream['connection']?.toString());
    const headers: string[] = [];
    for (const name of Object.keys(upstream)) {
      if (isHopByHop(name) || this.dropped.has(name) || nominated.has(name)) continue;
      const value = upstream[name];
      if (typeof value === 'string') headers.push(name, value);
      else if (value !== undefined) for (const each of value) headers.push(name, each);
    }
    for (const { name, value } of this.defaults) {
      if (upstream[name] === undefined || nominated.has(name)) headers.push(name, value);
    }
    return headers;
  }
}

/**
 * Headers that must be known before a body (RFC 9110 section 6.5.1): routing, authentication, control, payload; beside
 * those that the gateway sets.
 */
const HEAD_ONLY: ReadonlySet<string> = new Set(
  (
    'age authorization cache-control content-encoding content-range content-type cookie date expires location pragma ' +
    'range retry-after set-cookie strict-transport-security vary warning www-authenticate'
  ).split(' '),
);
const HEAD_ONLY_PREFIX = /^(?:access-control-|if-|proxy-)/;

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** @returns whether a header, in lower case, may come after a body */
function mayTrail(name: string): boolean {
  return !isReservedInRequests(name) && !HEAD_ONLY.has(name) && !HEAD_ONLY_PREFIX.test(name);
}

/**
 * @param trailer the `Trailer` header of a response
 * @returns which of its names clients are told of; `undefined` without any
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
 * @returns the trailers that clients get, names and values in pairs; `undefined` without one
 */
export function clientTrailers(upstream: HeaderRecord): [string, string][] | undefined {
  let trailers: [string, string][] | undefined;
  for (const [name, value] of Object.entries(upstream)) {
    if (value === undefined || !mayTrail(name)) continue;
    for (const each of Array.isArray(value) ? value : [value]) (trailers ??= []).push([name, each]);
  }
  return trailers;
}

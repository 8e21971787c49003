import type { HeaderRecord } from './response-headers.js';

/** How paths of an upstream relate to those that clients use. */
export interface PathSwap {
  /** Start of the upstream's paths, or an empty string. */
  readonly upstream: string;
  /** What clients use in its place, or an empty string. */
  readonly public: string;
}

/** What an upstream may call itself, and what clients call it. */
export interface PublicAddress {
  /** The path in the upstream's URL, by host and port without a default one, in lower case. */
  readonly hosts: ReadonlyMap<string, string>;
  /** The same path for the one that has answered, which references without a host are about. */
  readonly base: string;
  /** The one of `hosts` that the client has called, if the upstream was called by that name as well. */
  readonly called?: { readonly host: string; readonly isOverTls: boolean } | undefined;
  /** `undefined` when paths cannot be mapped back, because parts of them were moved. */
  readonly swap: PathSwap | undefined;
}

const ABSOLUTE = /^(?:https?:)?\/\/[^/?#]*/i;
const MAPPED = ['location', 'content-location', 'set-cookie'] as const;

/**
 * Writes the headers in which an upstream names itself as clients know it: without its address, which may be an internal
 * one, and below the prefix that the gateway has removed. Addresses of others stay as they are.
 *
 * @param headers with lower-cased names
 * @returns the same object when there is nothing to change
 */
export function toPublic(headers: HeaderRecord, address: PublicAddress): HeaderRecord {
  let mapped: Record<string, string | string[] | undefined> | undefined;
  for (const name of MAPPED) {
    const value = headers[name];
    if (value === undefined) continue;
    const map = name === 'set-cookie' ? publicCookie : publicReference;
    const changed = Array.isArray(value) ? value.map((each) => map(each, address)) : map(value, address);
    (mapped ??= { ...headers })[name] = changed;
  }
  return mapped ?? headers;
}

/** @returns a reference to a path on the host that the client has called (RFC 9110 section 10.2.2) */
function publicReference(reference: string, { hosts, base: own, called, swap }: PublicAddress): string {
  const [authority] = ABSOLUTE.exec(reference) ?? [];
  if (authority !== undefined) {
    const url = URL.parse(authority, 'http://host');
    const base = hosts.get(url?.host ?? '');
    if (!url || base === undefined) return reference;
    const rest = reference.slice(authority.length);
    const path = publicPath(rest.startsWith('/') ? rest : `/${rest}`, base, swap);
    // The upstream asks for TLS. A path alone would lead the client back to what it has called.
    const asksForTls = url.protocol === 'https:' && called?.host === url.host && !called.isOverTls;
    return asksForTls ? url.origin + path : onHost(path);
  }
  return reference.startsWith('/') ? onHost(publicPath(reference, own, swap)) : reference;
}

/** What browsers read as the start of a host: they take a backslash for a slash, and skip tabs. */
const LIKE_A_HOST = /^\/\t*[/\\]/;

/** RFC 3986 section 4.2: a path that begins with two slashes would name another host, so it gets a dot segment. */
function onHost(path: string): string {
  return LIKE_A_HOST.test(path) ? `/.${path}` : path;
}

/** A path that does not lie below the upstream's is left alone, and so is one that has the public prefix already. */
function publicPath(path: string, base: string, swap: PathSwap | undefined): string {
  const own = isBelow(path, base) ? path.slice(base.length) : undefined;
  if (own === undefined || !swap) return path;
  const hasPrefix = swap.public !== '' && isBelow(own, swap.public);
  if (hasPrefix || !isBelow(own, swap.upstream)) return own || '/';
  return swap.public + own.slice(swap.upstream.length) || '/';
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (prefix === '' || /^(?:[/?#]|$)/.test(path.slice(prefix.length)));
}

/** Cookies for the whole host stay so: that is how one service signs its users in for all of them. */
function publicCookie(cookie: string, { hosts, base, called, swap }: PublicAddress): string {
  const [pair = '', ...attributes] = cookie.split(';');
  // A cookie for the domain that the client has called also goes to the hosts below it.
  const internal = [...hosts.keys()].filter((host) => host !== called?.host);
  const names = new Set(internal.map((host) => host.replace(/:\d+$/, '')));
  const kept = attributes.flatMap((attribute) => {
    const [name = '', ...rest] = attribute.split('=');
    const value = rest.join('=').trim();
    switch (name.trim().toLowerCase()) {
      case 'domain':
        return names.has(value.toLowerCase().replace(/^\./, '')) ? [] : [attribute];
      case 'path':
        return value.startsWith('/') && value !== '/'
          ? [` Path=${publicPath(value, base, swap)}`]
          : [attribute];
      default:
        return [attribute];
    }
  });
  return [pair, ...kept].join(';');
}

import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';

/** One DNS label; underscores too, because container names have them. */
const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const HOST_MATCH = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);
const LONGEST_HOST = 253;

/** Where a server listens: an address or a host name. */
export function bindAddress() {
  const expected = 'an address or host name to listen on, such as 0.0.0.0 or ::1, without a port';
  return z
    .string(expected)
    .refine((host) => isIP(host) !== 0 || (HOST_NAME.test(host) && host.length <= LONGEST_HOST), expected);
}

/** A name that TLS may ask for (RFC 6066 section 3): no address. */
export function serverName() {
  const expected = 'a host name such as users.example.com';
  return z
    .string(expected)
    .refine((name) => isIP(name) === 0 && HOST_NAME.test(name) && name.length <= LONGEST_HOST, expected);
}

/** A single address or a CIDR block. */
export function cidr() {
  const expected = 'an address or a CIDR block such as 10.0.0.0/8 or fd00::/8';
  return z.string(expected).refine((written) => {
    const [address = '', prefix, ...rest] = written.split('/');
    const family = isIP(address);
    // A zone (`fe80::1%eth0`) is an interface of this machine, not part of a peer's address.
    if (family === 0 || address.includes('%') || rest.length > 0) return false;
    return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
  }, expected);
}

/** A host to match, lower-cased: a name, an address, or `*.` and a name. */
export function hostMatch() {
  const expected = 'a host such as api.example.com or *.example.com, without a port (a number needs quotes)';
  return z
    .string(expected)
    .transform((written) => written.toLowerCase())
    .refine((host) => {
      const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : '';
      return isIPv6(bare) || (HOST_MATCH.test(host) && host.length <= LONGEST_HOST);
    }, expected);
}

/** A web origin (RFC 6454) as browsers send it, or `*`. */
export function webOrigin() {
  const expected = 'an origin such as https://app.example.com (no path, no trailing slash), or *';
  return z
    .string(expected)
    .refine(
      (written) => written === '*' || (/^https?:/.test(written) && originOf(written) === written),
      expected,
    );
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

/** Authority without credentials, then a path; what WHATWG URLs would repair is refused instead. */
const UPSTREAM_URL = /^https?:\/\/[^/\\?#@\s]+(?:\/[^\\?#\s]*)?$/;

/** Origin of an upstream with an optional path prefix, without a trailing slash. */
export function upstreamUrl() {
  const expected =
    'an http or https URL such as http://users:3001 or https://api.example.com/v1, without credentials, query or fragment';
  return z
    .string(expected)
    .regex(UPSTREAM_URL, expected)
    .refine((written) => URL.canParse(written) && isPlainPath(written), expected)
    .transform((written) => {
      const { origin, pathname } = new URL(written);
      return origin + pathname.replace(/\/+$/, '');
    });
}

/** A prefix with `..` or an encoded slash would not be the prefix that reaches the upstream. */
function isPlainPath(url: string): boolean {
  const [, path = ''] = /^https?:\/\/[^/]+(.*)$/.exec(url) ?? [];
  return !/%(?:2f|5c|2e|00)/i.test(path) && !/\/\.{0,2}(?=\/)|\/\.{1,2}$/.test(path);
}

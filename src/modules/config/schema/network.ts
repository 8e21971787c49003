import { isIP, isIPv6 } from 'node:net';
import { optional, z } from 'zod';
import { boolean, list, text, textLike } from './scalars.js';

/** One DNS label; underscores too, because container names have them. */
const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const HOST_MATCH = new RegExp(`^(?:(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*|\\[[\\dA-Fa-f:.]+\\])$`);
const LONGEST_HOST = 253;

function isHostName(host: string): boolean {
  return HOST_NAME.test(host) && host.length <= LONGEST_HOST;
}

/** An address or host name that a server can listen on. */
export function bindAddress() {
  const expected = 'an address or host name to listen on, such as 0.0.0.0 or ::1, without a port';
  return textLike(/^[\w.:%-]+$/, expected).refine((host) => isIP(host) !== 0 || isHostName(host), expected);
}

/** The `Host` that an upstream gets: a name or an address with an optional port, `upstream` or `preserve`. */
export function hostToSend() {
  const expected = 'upstream, preserve, or a host such as api.example.com';
  return z.string(expected).refine((written) => {
    const host = written.replace(/:\d{1,5}$/, '');
    return isHostName(host) || isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0;
  }, expected);
}

/** A server name of TLS (RFC 6066 section 3), which is never an address. */
function serverName() {
  const expected = 'a host name such as users.example.com';
  return textLike(HOST_NAME, expected).refine((name) => isIP(name) === 0 && isHostName(name), expected);
}

/** A single address or a CIDR block. */
export function cidr() {
  const expected = 'an address or a CIDR block such as 10.0.0.0/8 or fd00::/8';
  return textLike(/^[\dA-Fa-f.:]+(?:\/\d{1,3})?$/, expected).refine((written) => {
    const [address = '', prefix, ...rest] = written.split('/');
    const family = isIP(address);
    // A zone (`fe80::1%eth0`) is an interface of this machine, not part of a peer's address.
    if (family === 0 || address.includes('%') || rest.length > 0) return false;
    return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
  }, expected);
}

/** Which clients can call. */
export const accessSchema = z.strictObject({
  allow: list(cidr()).describe(
    'Addresses or CIDR blocks of the clients that can call. Without any, every client can.',
  ),
  deny: list(cidr()).describe(
    'Addresses or CIDR blocks of clients that cannot call, even if `allow` contains them.',
  ),
});

/** A host to match, lower-cased: a name, an address, or `*.` and a name. */
export function hostMatch() {
  const expected = 'a host such as api.example.com or *.example.com, without a port (a number needs quotes)';
  return textLike(HOST_MATCH, expected)
    .transform((written) => written.toLowerCase())
    .refine(
      (host) => (host.startsWith('[') ? isIPv6(host.slice(1, -1)) : host.length <= LONGEST_HOST),
      expected,
    );
}

/** Of apps and browser extensions, which have schemes of their own. */
const APP_ORIGIN = /^(?!https?:|wss?:|ftps?:|file:)[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9._-]+(?::\d{1,5})?$/;

/** A web origin (RFC 6454) as browsers send it, with `*.` for all names below one, or `*`. */
export function webOrigin() {
  const expected =
    'an origin such as https://app.example.com, https://*.example.com or capacitor://localhost (no path, no trailing slash), or *';
  return z
    .string(expected)
    .refine((written) => written === '*' || APP_ORIGIN.test(written) || isHttpOrigin(written), expected);
}

function isHttpOrigin(written: string): boolean {
  const concrete = written.replace(/^(https?:\/\/)\*\.(?=[^*]+$)/, '$1any.');
  return /^https?:/.test(concrete) && !concrete.includes('*') && URL.parse(concrete)?.origin === concrete;
}

/** Authority without credentials, then a path. Text that a WHATWG URL parser would repair is refused instead. */
const HTTP_URL = /^https?:\/\/[^/\\?#@\s]+(?:\/[^\\?#\s]*)?$/;

export function httpUrl(expected: string) {
  return textLike(HTTP_URL, expected).refine((written) => URL.canParse(written), {
    error: expected,
    abort: true,
  });
}

/** Origin of an upstream with an optional path prefix, without a trailing slash. */
export function upstreamUrl() {
  const expected =
    'an http or https URL such as http://users:3001 or https://api.example.com/v1, without credentials, query or fragment';
  return httpUrl(expected)
    .refine(isPlainPath, expected)
    .transform((written) => {
      const { origin, pathname } = new URL(written);
      return origin + pathname.replace(/\/+$/, '');
    });
}

/** A prefix with `..` or an encoded slash would reach the upstream as another prefix. */
function isPlainPath(url: string): boolean {
  const [, path = ''] = /^https?:\/\/[^/]+(.*)$/.exec(url) ?? [];
  return !/%(?:2f|5c|2e|00)/i.test(path) && !/\/\.{0,2}(?=\/)|\/\.{1,2}$/.test(path);
}

const CERTIFICATES = 'certificates as PEM text, also from a file with ${file:...}';

/** TLS of upstreams and Redis. `checks/tls.ts` checks what the PEM texts hold. */
export const tlsSchema = z.strictObject({
  ca: optional(text(CERTIFICATES)).describe(
    'CA certificates as PEM text or `${file:...}`. Without this key, the CAs that Node trusts apply.',
  ),
  cert: optional(text(CERTIFICATES)).describe(
    'Client certificate of the gateway (mutual TLS) with its chain, as PEM text or `${file:...}`.',
  ),
  key: optional(text('a private key as PEM text, also from a file with ${file:...}')).describe(
    'Private key of `cert`, not encrypted, as PEM text or `${file:...}`.',
  ),
  serverName: optional(serverName()).describe(
    'Name for SNI, which the certificate must have. Without this key it is the host of the URL.',
  ),
  insecureSkipVerify: boolean(false).describe(
    'Whether any certificate is accepted, even a forged one. Use it for tests only.',
  ),
});

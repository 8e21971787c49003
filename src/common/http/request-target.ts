import { ProblemError } from '../errors/problem.js';

export interface RequestTarget {
  /** Normalised path: routes match it, the cache keys by it, and upstreams get it. */
  readonly path: string;
  /** Raw query with its `?`, or an empty string; never decoded. */
  readonly query: string;
  /** What lax servers could read the path as instead: with empty segments merged, encoded slashes decoded, parameters cut off. */
  readonly laxPaths?: readonly string[];
  /** Authority of an absolute-form target, which replaces `Host` (RFC 9112 section 3.2.2). */
  readonly authority?: string;
}

// Most paths are plain: only unreserved and sub-delimiter characters but `;`, no empty segment, no segment that starts with a
// dot.
const PLAIN = /^(?:\/(?![./])[A-Za-z0-9\-._~!$&'()*+,=:@]*)+$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)((?:[/?][^#]*)?)$/i;
/** Controls, spaces and everything beyond ASCII, a backslash and a number sign. */
const UNESCAPED = /[^\x21-\x7e]|[\\#]/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::([0-9]{1,5}))?$/;
const DOT_SEGMENT = /^\.{1,2}(?:;.*)?$/;

/**
 * Splits and normalises a request target: it decodes escapes of unreserved characters once, and writes other escapes with
 * upper-case digits. Empty segments stay (RFC 3986 section 3.3).
 *
 * @throws ProblemError `malformed_path` on dot segments, backslashes, control characters and escapes that are not UTF-8; `malformed_host` on an absolute target without a host
 */
export function parseTarget(target: string): RequestTarget {
  let rest = target;
  let authority: string | undefined;
  if (target.charCodeAt(0) !== 0x2f) {
    const absolute = ABSOLUTE.exec(target);
    if (!absolute) {
      // Asterisk-form asks about the server as a whole, which no route can answer.
      throw new ProblemError('malformed_path', { detail: 'The request target is not a path' });
    }
    authority = absolute[1] ?? '';
    if (authority === '') throw new ProblemError('malformed_host', { close: true });
    rest = absolute[2] ?? '';
    if (!rest.startsWith('/')) rest = `/${rest}`;
  }
  const mark = rest.indexOf('?');
  const raw = mark === -1 ? rest : rest.slice(0, mark);
  const query = mark === -1 ? '' : rest.slice(mark);
  if (query.includes('#')) malformed('a fragment');
  if (PLAIN.test(raw)) return { path: raw, query, authority };
  const path = normalise(raw);
  const decoded = path.replaceAll('%2F', '/');
  if (
    merged(decoded)
      .split('/')
      .some((segment) => DOT_SEGMENT.test(segment))
  )
    malformed('a dot segment');
  const spellings = path.includes(';')
    ? [decoded, path, withoutParameters(decoded), withoutParameters(path)]
    : [decoded, path];
  const laxPaths = new Set(spellings.flatMap((each) => [merged(each), each]));
  laxPaths.delete(path);
  if (laxPaths.size === 0) return { path, query, authority };
  return { path, query, authority, laxPaths: [...laxPaths] };
}

/** Servlet containers and others match `/admin;a=b/x` as `/admin/x` (RFC 3986 section 3.3). */
function withoutParameters(path: string): string {
  return path.replace(/;[^/]*/g, '');
}

function merged(path: string): string {
  return path.replace(/\/{2,}/g, '/');
}

/**
 * Normalises an authority for matching: lower case, no port, no trailing dot.
 *
 * @throws ProblemError `malformed_host` on anything but a host and an optional port, so on user info, too
 */
export function normaliseHost(authority: string): string {
  const match = HOST.exec(authority.toLowerCase());
  const host = match?.[1];
  if (host === undefined || Number(match?.[2] ?? 0) > 65_535) {
    throw new ProblemError('malformed_host', { close: true });
  }
  return host;
}

function normalise(raw: string): string {
  assertUtf8(raw);
  const path = raw.replace(/%([0-9A-Fa-f]{2})/g, (escape, hex: string) =>
    decodeEscape(escape, Number.parseInt(hex, 16)),
  );
  if (UNESCAPED.test(path)) malformed('a character that must be escaped');
  return path;
}

function assertUtf8(raw: string): void {
  try {
    decodeURIComponent(raw);
  } catch {
    malformed('an escape that is not UTF-8');
  }
}

function decodeEscape(escape: string, code: number): string {
  if (code === 0x5c) malformed('an encoded backslash');
  if (code < 0x20 || code === 0x7f) malformed('an encoded control character');
  const char = String.fromCharCode(code);
  return UNRESERVED.test(char) ? char : escape.toUpperCase();
}

function malformed(what: string): never {
  throw new ProblemError('malformed_path', { detail: `The path contains ${what}` });
}

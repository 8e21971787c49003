import { ProblemError } from '../errors/problem.js';

export interface RequestTarget {
  /** Normalised path: what is matched, keyed and forwarded. */
  readonly path: string;
  /** Raw query with its `?`, or an empty string. Never decoded. */
  readonly query: string;
  /** Authority of an absolute-form target, which replaces `Host` (RFC 9112 section 3.2.2). */
  readonly authority?: string;
}

// Most paths: only unreserved and sub-delimiter characters, no empty segment, no segment that starts with a dot.
const PLAIN = /^(?:\/(?![./])[A-Za-z0-9\-._~!$&'()*+,;=:@]*)+$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
const DOT_SEGMENT = /^\.{1,2}(?:;.*)?$/;

/**
 * Splits and normalises a request target: escapes of unreserved characters are decoded once, other escapes
 * get upper-case digits, empty segments are merged. What could mean another path to an upstream is refused.
 *
 * @throws ProblemError `malformed_path` on dot segments, encoded slashes, backslashes, control characters and
 *   escapes that are no UTF-8; `malformed_host` on an absolute target without a host
 */
export function parseTarget(target: string): RequestTarget {
  let rest = target;
  let authority: string | undefined;
  if (target.charCodeAt(0) !== 0x2f) {
    const absolute = ABSOLUTE.exec(target);
    if (!absolute) {
      // Asterisk-form asks about the server as a whole; no route can mean that.
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
  return { path: PLAIN.test(raw) ? raw : normalise(raw), query, authority };
}

function normalise(raw: string): string {
  assertUtf8(raw);
  const path = raw
    .replace(/%([0-9A-Fa-f]{2})/g, (escape, hex: string) => decodeEscape(escape, Number.parseInt(hex, 16)))
    .replace(/\/{2,}/g, '/');
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f || code === 0x5c || code === 0x23)
      malformed('a character that must be escaped');
  }
  for (const segment of path.split('/')) {
    if (DOT_SEGMENT.test(segment)) malformed('a dot segment');
  }
  return path;
}

function assertUtf8(raw: string): void {
  try {
    decodeURIComponent(raw);
  } catch {
    malformed('an escape that is no UTF-8');
  }
}

function decodeEscape(escape: string, code: number): string {
  if (code === 0x2f || code === 0x5c) malformed('an encoded slash');
  if (code < 0x20 || code === 0x7f) malformed('an encoded control character');
  const char = String.fromCharCode(code);
  return UNRESERVED.test(char) ? char : escape.toUpperCase();
}

function malformed(what: string): never {
  throw new ProblemError('malformed_path', { detail: `The path holds ${what}` });
}

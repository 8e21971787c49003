import { isUtf8 } from 'node:buffer';
import { isRecord } from '../../common/claim-path.js';

const SCHEME = 'bearer ';
const SPACE = 0x20;
/** `b64token` of RFC 6750 section 2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const SEGMENT = /^[A-Za-z0-9_-]+$/;
/**
 * Header parameters that change what is signed or how it is read. Those that name a key (`jwk`, `jku`, `x5u`, `x5c`) are
 * ignored (RFC 7515 section 4): nothing is fetched or trusted because a token says so.
 */
const REFUSED = ['crit', 'b64', 'zip'] as const;
/** Characters. Longer tokens are refused unread, whatever `server.maxHeaderBytes` allows. */
const MAX_TOKEN_LENGTH = 16_384;

/** A token that was read and not verified. */
export interface UnverifiedToken {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  /** `typ`, if it is text, as `typeName` writes it. */
  readonly type: string | undefined;
  readonly issuer: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Reads the token of an `Authorization` field (RFC 6750 section 2.1). The scheme is case-insensitive (RFC 9110
 * section 11.1). A regular expression over the whole token would cost more than everything else in the guard.
 *
 * @returns `undefined` when the field has no token
 */
export function bearerToken(field: string | undefined): string | undefined {
  if (field === undefined || field.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  let start = SCHEME.length;
  while (field.charCodeAt(start) === SPACE) start++;
  let end = field.length;
  while (end > start && field.charCodeAt(end - 1) === SPACE) end--;
  const token = field.slice(start, end);
  return token === '' || token.includes(' ') ? undefined : token;
}

/** @returns whether an issuer may have issued it as a bearer token, JWT or not */
export function isBearerToken(token: string): boolean {
  return token.length <= MAX_TOKEN_LENGTH && B64TOKEN.test(token);
}

/**
 * @returns `undefined` unless the token is a compact JWS (RFC 7515 section 7.1) without refused header parameters, with
 *   each segment in its one canonical spelling and each key once
 */
export function readToken(token: string): UnverifiedToken | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  if (more.length > 0 || !decode(signature)) return undefined;
  const parameters = parseObject(header);
  const claims = parameters && parseObject(payload);
  if (!claims || REFUSED.some((name) => Object.hasOwn(parameters, name))) return undefined;
  const { alg, kid, typ } = parameters;
  if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string')) return undefined;
  const { iss } = claims;
  return {
    algorithm: alg,
    keyId: kid,
    type: typeof typ === 'string' ? typeName(typ) : undefined,
    issuer: typeof iss === 'string' ? iss : undefined,
    claims,
  };
}

/** @returns the media type in lower case and without `application/`, as RFC 7515 section 4.1.9 recommends */
export function typeName(written: string): string {
  return written.toLowerCase().replace(/^application\/(?=[^/]*$)/, '');
}

/** Two spellings of one signature would be two tokens to whoever revokes one of them. */
function decode(segment: string): Buffer | undefined {
  if (!SEGMENT.test(segment)) return undefined;
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

function parseObject(segment: string): Record<string, unknown> | undefined {
  const bytes = decode(segment);
  // With invalid UTF-8 decoded leniently, two subjects could become one.
  if (!bytes || !isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    // RFC 7519 section 4: names are unique. Parsers differ in which duplicate they take.
    return isRecord(value) && !repeatsAKey(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

const STRING_OR_MARK = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * @param json valid JSON with an object at its top
 * @returns whether that object has a key twice; `JSON.parse` silently takes the last one
 */
export function repeatsAKey(json: string): boolean {
  const seen = new Set<string>();
  let depth = 0;
  let candidate: string | undefined;
  for (const [part] of json.matchAll(STRING_OR_MARK)) {
    if (part === '{' || part === '[') depth++;
    else if (part === '}' || part === ']') depth--;
    else if (part === ':' && depth === 1 && candidate !== undefined) {
      // Parsed, because a key may be written with escapes.
      const key = String(JSON.parse(candidate));
      if (seen.has(key)) return true;
      seen.add(key);
    }
    candidate = part.startsWith('"') ? part : undefined;
  }
  return false;
}

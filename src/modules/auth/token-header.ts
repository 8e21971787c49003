import { isUtf8 } from 'node:buffer';
import { repeatsAKey } from './repeated-keys.js';

/** `b64token` of RFC 6750 section 2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const SEGMENT = /^[A-Za-z0-9_-]+$/;
/** Header parameters that make a verifier fetch or trust a key of the sender's choice, or change what is signed. */
const REFUSED = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'b64', 'zip'] as const;
/** Larger ones are refused unread, whatever `server.maxHeaderBytes` lets through. Characters. */
const LONGEST_TOKEN = 16_384;

/** A token that was read and not verified. */
export interface UnverifiedToken {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  /** `typ`, if it is text, in the one form of `typeName`. */
  readonly type: string | undefined;
  readonly issuer: string | undefined;
  /** Nobody vouches for these yet. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * @returns `undefined` for what is no compact JWS (RFC 7515 section 7.1) with plain headers, each segment in its
 *   one canonical spelling, each key once
 */
export function readToken(token: string): UnverifiedToken | undefined {
  if (token.length > LONGEST_TOKEN) return undefined;
  const [header, payload, signature, ...more] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    return undefined;
  if (!decode(signature)) return undefined;
  const parameters = parseObject(header);
  const claims = parameters && parseObject(payload);
  if (!claims) return undefined;
  if (REFUSED.some((name) => Object.hasOwn(parameters, name))) return undefined;
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

/** @returns the media type in lower case and, as RFC 7515 section 4.1.9 recommends, without `application/` */
export function typeName(written: string): string {
  return written.toLowerCase().replace(/^application\/(?=[^/]*$)/, '');
}

/** May an issuer have given it out as a bearer token, whatever it means? */
export function isBearerToken(token: string): boolean {
  return token.length <= LONGEST_TOKEN && B64TOKEN.test(token);
}

/** Two spellings of one signature would be two tokens to whoever blocks one of them. */
function decode(segment: string): Buffer | undefined {
  if (!SEGMENT.test(segment)) return undefined;
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}

function parseObject(segment: string): Record<string, unknown> | undefined {
  const bytes = decode(segment);
  // Decoded leniently, two subjects could be one.
  if (!bytes || !isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // RFC 7519 section 4: names are unique; parsers that differ in which one they take could be played off.
    return repeatsAKey(text) ? undefined : (value as Record<string, unknown>);
  } catch {
    return undefined;
  }
}

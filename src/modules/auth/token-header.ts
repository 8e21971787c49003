const SEGMENT = /^[A-Za-z0-9_-]+$/;
/** Header parameters that make a verifier fetch or trust a key of the sender's choice, or change what is signed. */
const REFUSED = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'b64'] as const;

/** The unverified parts of a token that choose its verifier. */
export interface TokenHeader {
  readonly algorithm: string;
  readonly issuer: string | undefined;
}

/**
 * @returns `undefined` for what is no compact JWS (RFC 7515 section 7.1) with plain headers
 */
export function readTokenHeader(token: string): TokenHeader | undefined {
  const segments = token.split('.');
  if (segments.length !== 3 || !segments.every((segment) => SEGMENT.test(segment))) return undefined;
  const header = parseObject(segments[0]);
  const payload = parseObject(segments[1]);
  if (!header || !payload || typeof header['alg'] !== 'string') return undefined;
  if (REFUSED.some((name) => Object.hasOwn(header, name))) return undefined;
  const { iss } = payload;
  return { algorithm: header['alg'], issuer: typeof iss === 'string' ? iss : undefined };
}

function parseObject(segment: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

import { constants, createHmac, type KeyObject, sign } from 'node:crypto';

export const SECRET = 'a shared secret of at least 32 bytes, for tests';

export interface TokenOptions {
  /** Parameters besides `typ`; `alg` is HS256 by default. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** A string signs with HMAC, a private key with the algorithm of its type. Default: `SECRET`. */
  readonly key?: string | KeyObject;
}

/** Signs any header and any claims, also invalid ones. Without `exp` the token expires in an hour. */
export function token(claims: Readonly<Record<string, unknown>> = {}, options: TokenOptions = {}): string {
  const { header, key = SECRET } = options;
  const parameters: Record<string, unknown> = { alg: 'HS256', typ: 'JWT', ...header };
  const payload = { sub: 'alice', exp: inSeconds(3600), ...claims };
  return signedText(JSON.stringify(parameters), JSON.stringify(payload), key, String(parameters['alg']));
}

/** Signs a header and a payload of any text. */
export function signedText(
  header: string,
  payload: string,
  key: string | KeyObject,
  algorithm = 'HS256',
): string {
  const signed = [header, payload].map((text) => Buffer.from(text).toString('base64url')).join('.');
  return `${signed}.${signature(signed, key, algorithm).toString('base64url')}`;
}

/** @returns an Authorization header with a token */
export function bearer(...args: Parameters<typeof token>): { authorization: string } {
  return { authorization: `Bearer ${token(...args)}` };
}

/** @returns a `NumericDate` */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** An unknown algorithm signs with a known one of the same key type. */
function signature(signed: string, key: string | KeyObject, algorithm: string): Buffer {
  const digest = `sha${/\d{3}$/.exec(algorithm)?.[0] ?? '256'}`;
  if (typeof key === 'string') return createHmac(digest, key).update(signed).digest();
  const padding = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  return sign(algorithm === 'EdDSA' ? null : digest, Buffer.from(signed), {
    key,
    dsaEncoding: 'ieee-p1363',
    ...padding,
  });
}

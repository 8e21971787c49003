import { createHmac, type KeyObject, sign } from 'node:crypto';

export const SECRET = 'a shared secret of at least 32 bytes, for tests';

export interface TokenOptions {
  /** Beside `typ`; default `alg`: HS256. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Text signs with HMAC, a private key with the algorithm of its kind. Default: `SECRET`. */
  readonly key?: string | KeyObject;
}

/** Signs what no library would: any header, any claims. Without `exp` among them the token lasts for an hour. */
export function token(claims: Readonly<Record<string, unknown>> = {}, options: TokenOptions = {}): string {
  const { header, key = SECRET } = options;
  const signed = [
    encode({ alg: 'HS256', typ: 'JWT', ...header }),
    encode({ sub: 'alice', exp: inSeconds(3600), ...claims }),
  ].join('.');
  return `${signed}.${signature(signed, key).toString('base64url')}`;
}

/** @returns the header that carries a token */
export function bearer(...args: Parameters<typeof token>): { authorization: string } {
  return { authorization: `Bearer ${token(...args)}` };
}

/** @returns a `NumericDate` */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

function signature(signed: string, key: string | KeyObject): Buffer {
  if (typeof key === 'string') return createHmac('sha256', key).update(signed).digest();
  return sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

import { hash } from 'node:crypto';

/** RFC 6750 section 2.1; the scheme is not case-sensitive (RFC 9110 section 11.1). */
const BEARER = /^bearer +([^\s]+) *$/i;

export interface BearerToken {
  readonly text: string;
  /** SHA-256. */
  readonly hash: string;
}

/**
 * Reads the tokens of `Authorization` fields. Of each connection the last one is kept, as long as it lasts: a client
 * sends the same token over and over, and to find and hash it costs more than all that the guard does besides.
 */
export class BearerTokens {
  private readonly last = new WeakMap<object, { readonly field: string; readonly token: BearerToken }>();

  /**
   * @param connection that the field came by, if it is known
   * @returns `undefined` when there is no bearer token
   */
  read(field: string | undefined, connection?: object): BearerToken | undefined {
    if (field === undefined) return undefined;
    const last = connection && this.last.get(connection);
    if (last?.field === field) return last.token;
    const text = BEARER.exec(field)?.[1];
    if (text === undefined) return undefined;
    const token = { text, hash: hashOf(text) };
    if (connection) this.last.set(connection, { field, token });
    return token;
  }
}

export function hashOf(token: string): string {
  return hash('sha256', token, 'base64');
}

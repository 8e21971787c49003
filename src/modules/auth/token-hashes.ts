import { hash } from 'node:crypto';

interface Hashed {
  readonly token: string;
  readonly hash: string;
}

/** SHA-256 of tokens. Of each connection the last one is kept: a client sends the same token over and over. */
export class TokenHashes {
  private readonly last = new WeakMap<object, Hashed>();

  /** @param connection that the token came by, if it is known */
  of(token: string, connection: object | undefined): string {
    if (!connection) return sha256(token);
    const last = this.last.get(connection);
    if (last?.token === token) return last.hash;
    const hashed = { token, hash: sha256(token) };
    this.last.set(connection, hashed);
    return hashed.hash;
  }
}

function sha256(token: string): string {
  return hash('sha256', token, 'base64');
}

import type { Request } from 'express';
import { unmapped } from '../../common/http/forwarded.js';
import type { Operator } from '../timeline/shapes.js';

/** The credentials of a request: a bearer token, or the name and the password of basic authentication. */
export interface Credentials {
  readonly name: string;
  readonly token: string;
}

export function credentialsOf(field: string | undefined): Credentials | undefined {
  const [scheme, credentials] = field?.split(' ') ?? [];
  if (credentials === undefined) return undefined;
  if (scheme?.toLowerCase() === 'bearer') return { name: 'token', token: credentials };
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  // RFC 7617 section 2: a user name without a colon, a colon, and the password.
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return { name: text.slice(0, Math.max(0, colon)) || 'token', token: text.slice(colon + 1) };
}

export function peerOf(req: Request): string {
  return unmapped(req.socket.remoteAddress ?? '');
}

export function operatorOf(req: Request): Operator {
  const name = credentialsOf(req.headers.authorization)?.name ?? 'anybody';
  return { peer: peerOf(req), name: name.slice(0, 100) };
}

import { hash } from 'node:crypto';
import type { Exchange } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';
import { originName, type ResourceName } from './invalidation.js';

/** A route, or a handler of code. */
export interface Keyed {
  readonly id: string;
}

const NOBODY = '-';
/** A verified token is remembered with its identity, so that most requests find their user here. */
const users = new WeakMap<Identity, string>();

/**
 * Names what a stored response answers. Every part comes with its length, so that no two requests can be spelled
 * alike, and the user is hashed, so that nobody can be read from a key.
 */
export function cacheKey(exchange: Exchange, route: Keyed, per: 'user' | 'public'): string {
  const { path, query } = exchange.head;
  const origin = originOf(exchange);
  const user = per === 'user' && exchange.identity ? userOf(exchange.identity) : NOBODY;
  return part(route.id) + part(origin) + part(user) + part(calledBy(exchange, origin)) + part(path) + query;
}

export function resourceOf(exchange: Exchange): ResourceName {
  return { origin: originOf(exchange), target: exchange.head.path + exchange.head.query };
}

/**
 * Who is answered: issuer, subject and tenant, and all that the upstream is told of them (scopes, chosen claims),
 * because it may answer by that.
 */
function userOf(identity: Identity): string {
  const known = users.get(identity);
  if (known !== undefined) return known;
  const { provider, issuer = null, subject, tenant = null, upstreamHeaders } = identity;
  const parts = [provider, issuer, subject, tenant, upstreamHeaders];
  const user = hash('sha256', JSON.stringify(parts), 'base64url');
  users.set(identity, user);
  return user;
}

function originOf({ head }: Exchange): string {
  return originName(head.authority, head.host);
}

/**
 * What the upstream is told of the name it was called by, and may write into a link: a usual port or a last dot, as the
 * client wrote it, and what a trusted proxy says.
 */
function calledBy({ head, req }: Exchange, origin: string): string {
  const written = head.authority.toLowerCase();
  const name = written === origin ? '' : written;
  if (!head.peerTrusted) return name;
  const { forwarded: whole, 'x-forwarded-host': host, 'x-forwarded-proto': proto } = req.headers;
  return JSON.stringify([name, whole, host, proto]);
}

/**
 * Reads from a key what it is stored and purged by.
 *
 * @param key may be that of a variant: two words, and the plain key
 */
export function namesOf(key: string): { readonly route: string; readonly resource: ResourceName } {
  const parts: string[] = [];
  let at = /^\d+:/.test(key) ? 0 : key.indexOf(' ', key.indexOf(' ') + 1) + 1;
  while (parts.length < 5) {
    const colon = key.indexOf(':', at);
    const end = colon + 1 + Number(key.slice(at, colon));
    parts.push(key.slice(colon + 1, end));
    at = end;
  }
  const [route = '', origin = '', , , path = ''] = parts;
  return { route, resource: { origin, target: path + key.slice(at) } };
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

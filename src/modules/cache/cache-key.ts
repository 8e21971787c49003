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
  const user = per === 'user' && exchange.identity ? userOf(exchange.identity) : NOBODY;
  return (
    part(route.id) + part(calledBy(exchange)) + part(user) + part(forwarded(exchange)) + part(path) + query
  );
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

/** The upstream is told the port and the last dot as the client wrote them, and may write them into a link. */
function calledBy({ head }: Exchange): string {
  return head.authority === head.host ? head.host : head.authority.toLowerCase();
}

function originOf({ head }: Exchange): string {
  return originName(head.authority, head.host);
}

/** What a trusted proxy tells the upstream of the name it was called by. */
function forwarded({ head, req }: Exchange): string {
  if (!head.peerTrusted) return '';
  const { forwarded: whole, 'x-forwarded-host': host, 'x-forwarded-proto': proto } = req.headers;
  return JSON.stringify([whole, host, proto]);
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

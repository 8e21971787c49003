import { hash } from 'node:crypto';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';

/**
 * Names what a stored response answers. Every part is an element of its own, so that no two requests can be
 * spelled alike, and the whole is hashed, so that no user or URL can be read from a key.
 */
export function cacheKey(exchange: Exchange, route: RouteModel, per: 'user' | 'public'): string {
  const { host, path, query } = exchange.head;
  const user =
    per === 'user' && exchange.identity ? [exchange.identity.provider, exchange.identity.subject] : null;
  return hash('sha256', JSON.stringify([route.id, host, path, query, user]), 'base64url');
}

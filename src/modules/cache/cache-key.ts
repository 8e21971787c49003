import { hash } from 'node:crypto';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';

const PORT = /:(\d+)$/;
const USUAL_PORTS: ReadonlySet<string | undefined> = new Set([undefined, '80', '443']);

/**
 * Names what a stored response answers. Every part is an element of its own, so that no two requests can be
 * spelled alike, and the whole is hashed, so that no user or URL can be read from a key.
 */
export function cacheKey(exchange: Exchange, route: RouteModel, per: 'user' | 'public'): string {
  const { path, query } = exchange.head;
  const user =
    per === 'user' && exchange.identity ? [exchange.identity.provider, exchange.identity.subject] : null;
  return hash('sha256', JSON.stringify([route.id, origin(exchange), path, query, user]), 'base64url');
}

/** All that tells the upstream which of its names it was called by. */
function origin({ head, req }: Exchange): unknown[] {
  const port = PORT.exec(head.authority)?.[1];
  const named = [head.host, USUAL_PORTS.has(port) ? null : port];
  if (!head.peerTrusted) return named;
  const { forwarded, 'x-forwarded-host': host, 'x-forwarded-proto': proto } = req.headers;
  return [...named, forwarded, host, proto];
}

import { optional, z } from 'zod';
import { boolean, duration, integer, positiveSize } from './scalars.js';

/** The statuses that RFC 5861 section 4 names: instead of them, a stale response may be served. */
export const STALE_INSTEAD: readonly number[] = [500, 502, 503, 504];

export const cacheSchema = z.strictObject({
  maxBytes: positiveSize('64MiB').describe('Memory limit for the cached responses of all routes together.'),
  maxEntryBytes: positiveSize('1MiB').describe('Largest response that is stored.'),
  ttl: duration('5m').describe(
    'Lifetime of a response that does not state its own. With 0s, such responses are not stored. A route can override it.',
  ),
});

/** The key `cache` of a route. What it inherits is filled in by `gateway.ts`. */
export const routeCacheSchema = z.strictObject({
  ttl: optional(duration()).describe(
    'Lifetime of a response that does not state its own, from the time when the whole response has arrived. With 0s, such responses are not stored. Without this key, `cache.ttl` applies.',
  ),
  heuristic: boolean(false).describe(
    'Whether a response that does not state its lifetime, but has `Last-Modified`, is fresh for a tenth of the time since then, 24 hours at most (RFC 9111 section 4.2.2). It takes precedence over `ttl`.',
  ),
  override: boolean(false).describe(
    'Whether `ttl` applies even to responses that state a lifetime of their own.',
  ),
  per: optional(z.enum(['user', 'public'])).describe(
    'Whether each user has their own copies (`user`) or all users share them (`public`). Without this key, a route with auth stores per user and one without is public.',
  ),
  staleIfError: optional(duration()).describe(
    'How long a response can be served after its lifetime while the upstream fails (RFC 5861). Without this key it is 1h if the upstream has `fallback.stale`, and 0 otherwise.',
  ),
  staleWhileRevalidate: duration(0).describe(
    'How long a response can be served after its lifetime while a new one is fetched (RFC 5861).',
  ),
  statuses: optional(
    z.array(integer(200, 599, 'a status from 200 to 599')).min(1, 'at least one status'),
  ).describe(
    'Statuses that are stored, with `ttl` as their lifetime. Without this key these are 200, 203, 204, 300, 301 and 308, and every other status whose response states a lifetime.',
  ),
});

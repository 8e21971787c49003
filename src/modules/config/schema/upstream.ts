import { z } from 'zod';
import { tlsSchema, upstreamUrl } from './network.js';
import {
  breakerSchema,
  bulkheadSchema,
  fallbackSchema,
  healthSchema,
  hedgeSchema,
  outlierSchema,
  retrySchema,
} from './resilience.js';
import { byId, count, duration, integer, positiveDuration } from './scalars.js';

const targetSchema = z.strictObject({
  url: upstreamUrl().describe('An http or https URL with host, port and an optional path prefix.'),
  weight: integer(1, 100).prefault(1).describe('Share of the requests, relative to the other targets.'),
});

const HASH_ON = /^(?:ip|user|header:[!#$%&'*+\-.^_`|~0-9A-Za-z]+)$/;

function hashOn() {
  return (
    z
      .string()
      .regex(HASH_ON, 'ip, user or header:NAME')
      // The pattern admits nothing else.
      .transform((text) => text.toLowerCase() as 'ip' | 'user' | `header:${string}`)
  );
}

const poolSchema = z.strictObject({
  connections: count(128).describe('Most connections to a target at a time.'),
});

const upstreamKeys = z.strictObject({
  url: upstreamUrl()
    .optional()
    .describe('An http or https URL with host, port and an optional path prefix. Use `targets` for several.'),
  targets: z
    .array(targetSchema)
    .min(1, 'at least one target')
    .optional()
    .describe('Several targets; use instead of `url`.'),
  balancer: z
    .enum(['power-of-two', 'round-robin', 'random', 'least-requests', 'consistent-hash'])
    .prefault('power-of-two')
    .describe(
      'How a target is chosen: power-of-two, round-robin, random, least-requests or consistent-hash.',
    ),
  hashOn: hashOn().prefault('ip').describe('What consistent-hash hashes: `ip`, `user` or `header:NAME`.'),
  outlier: outlierSchema
    .prefault({})
    .describe('When a failing target is ejected while others take its requests.'),
  slowStart: duration('0s').describe(
    'Time over which a target that comes back is given its full share again; 0s turns it off.',
  ),
  timeout: positiveDuration('3s').describe(
    'Time to response headers, retries included. A route can override it.',
  ),
  connectTimeout: positiveDuration('1s').describe('Time limit for opening a connection.'),
  bodyTimeout: positiveDuration('30s').describe('Longest pause between two chunks of the response body.'),
  tls: tlsSchema
    .optional()
    .describe('How `https` targets are verified, and which certificate the gateway shows them.'),
  pool: poolSchema.prefault({}).describe('Connections that are kept open to the upstream.'),
  bulkhead: bulkheadSchema
    .prefault({})
    .describe('Limits on concurrent calls, so that a slow upstream cannot exhaust the gateway.'),
  retry: retrySchema.prefault({}).describe('When a failed try is repeated.'),
  hedge: hedgeSchema
    .optional()
    .describe('When a slow GET or HEAD is sent to a second target as well. Without this key it never is.'),
  breaker: breakerSchema
    .prefault({})
    .describe('When calls are rejected at once because the upstream fails, and for how long.'),
  health: healthSchema.optional().describe('Health probes. Without this key there are none.'),
  fallback: fallbackSchema
    .optional()
    .describe('What callers get while the upstream fails. Without this key they get 503.'),
});

/** `url` is a single target of weight 1. `checks/upstreams.ts` reports an upstream that has neither or both. */
export const upstreamsSchema = byId(
  upstreamKeys.transform(({ url, targets, ...rest }) => ({
    ...rest,
    targets: targets ?? (url === undefined ? [] : [{ url, weight: 1 }]),
  })),
);

/** Every key of an upstream but its address. */
export const defaultsSchema = upstreamKeys.omit({ url: true, targets: true });

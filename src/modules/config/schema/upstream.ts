import { optional, prefault, z } from 'zod';
import { balancer } from './balancer.js';
import { wordOrHeader } from './http.js';
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
import { byId, count, duration, integer, positiveDuration, positiveSize } from './scalars.js';

const targetSchema = z.strictObject({
  url: upstreamUrl().describe('An http or https URL with host, port and an optional path prefix.'),
  weight: prefault(integer(1, 100), 1).describe('Share of the requests, relative to the other targets.'),
});

const poolSchema = z.strictObject({
  connections: optional(count()).describe(
    'Maximum number of connections to a target at a time. Without this key, only `bulkhead` limits them.',
  ),
  keepAlive: positiveDuration('4s').describe(
    'How long an idle connection is kept; shorter when `Keep-Alive` of the upstream says so.',
  ),
});

const upstreamKeys = z.strictObject({
  url: optional(upstreamUrl()).describe(
    'An http or https URL with host, port and an optional path prefix. Use `targets` for several.',
  ),
  targets: optional(z.array(targetSchema).min(1, 'at least one target')).describe(
    'Several targets; use instead of `url`.',
  ),
  balancer: prefault(balancer(), 'power-of-two').describe(
    'How a target is chosen: power-of-two, round-robin, random, least-requests, consistent-hash, or the id of a plugin that offers a balancer.',
  ),
  hashOn: prefault(wordOrHeader('ip', 'user'), 'ip').describe(
    'What consistent-hash hashes: `ip`, `user` or `header:NAME`.',
  ),
  outlier: prefault(outlierSchema, {}).describe(
    'When a failing target is ejected while others take its requests.',
  ),
  slowStart: duration('0s').describe(
    'Time over which a target that returns gets its full share again; 0s turns it off.',
  ),
  timeout: positiveDuration('3s').describe(
    'Time to response headers, retries included. A route can override it.',
  ),
  connectTimeout: positiveDuration('1s').describe('Time limit for opening a connection.'),
  bodyTimeout: positiveDuration('30s').describe('Longest pause between two chunks of the response body.'),
  streamIdleTimeout: duration('0s').describe(
    'Longest pause between two chunks of an event stream, in place of `bodyTimeout`; 0s turns it off. A route can override it.',
  ),
  maxHeaderBytes: positiveSize('32KiB').describe(
    'Largest response head. A larger one is answered with 502, and is no failure for the breaker.',
  ),
  tls: optional(tlsSchema).describe(
    'How `https` targets are verified, and which client certificate the gateway presents.',
  ),
  pool: prefault(poolSchema, {}).describe('Connections that are kept open to the upstream.'),
  bulkhead: prefault(bulkheadSchema, {}).describe(
    'Limits on concurrent calls, so that a slow upstream cannot exhaust the gateway.',
  ),
  retry: prefault(retrySchema, {}).describe('When a failed try is repeated.'),
  hedge: optional(hedgeSchema).describe(
    'When a slow GET or HEAD is also sent to a second target. Without this key, this happens only while a target seems frozen, for GET, HEAD and OPTIONS.',
  ),
  breaker: prefault(breakerSchema, {}).describe(
    'When calls are rejected at once because the upstream fails, and for how long.',
  ),
  health: optional(healthSchema).describe('Health probes. Without this key there are none.'),
  fallback: optional(fallbackSchema).describe(
    'What callers get while the upstream fails. Without this key they get the error: 502, 503 or 504.',
  ),
});

/** `url` is a single target of weight 1. `checks/routes-and-upstreams.ts` reports an upstream that has neither or both. */
export const upstreamsSchema = byId(
  upstreamKeys.transform(({ url, targets, ...rest }) => ({
    ...rest,
    targets: targets ?? (url === undefined ? [] : [{ url, weight: 1 }]),
  })),
);

/** Every key of an upstream but its address. */
export const defaultsSchema = upstreamKeys.omit({ url: true, targets: true });

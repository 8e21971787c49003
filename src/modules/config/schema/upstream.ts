import { z } from 'zod';
import { breakerSchema } from './breaker.js';
import { bulkheadSchema } from './bulkhead.js';
import { fallbackSchema } from './fallback.js';
import { healthSchema } from './health.js';
import { hedgeSchema, retrySchema } from './retry.js';
import { upstreamUrl } from './network.js';
import { byId, count } from './scalars.js';
import { outlierSchema } from './outlier.js';
import { hashOn, targetSchema } from './target.js';
import { tlsSchema } from './tls.js';
import { duration, positiveDuration } from './units.js';

const poolSchema = z.strictObject({
  connections: count().prefault(128).describe('Most connections to the upstream at a time. Default 128.'),
});

export const upstreamSchema = z.strictObject({
  url: upstreamUrl()
    .optional()
    .describe('Where it is: http or https, host, port, and a path prefix if need be. Or `targets`.'),
  targets: z
    .array(targetSchema)
    .min(1, 'at least one target')
    .optional()
    .describe('Where it is, when it is in several places. Or `url`.'),
  balancer: z
    .enum(['power-of-two', 'round-robin', 'random', 'least-requests', 'consistent-hash'])
    .prefault('power-of-two')
    .describe(
      'How a target is chosen: power-of-two, round-robin, random, least-requests or consistent-hash. Default power-of-two.',
    ),
  hashOn: hashOn()
    .prefault('ip')
    .describe('What consistent-hash goes by: ip, user or header:NAME. Default ip.'),
  outlier: outlierSchema.prefault({}).describe('When one of several targets is left alone because it fails.'),
  slowStart: duration()
    .prefault('0s')
    .describe(
      'How long a target that comes back takes to its whole share. Duration; 0s for none, the default.',
    ),
  timeout: positiveDuration()
    .prefault('3s')
    .describe('How long until its response headers; a route may override. Duration; default 3s.'),
  connectTimeout: positiveDuration()
    .prefault('1s')
    .describe('How long until a connection to it stands. Duration; default 1s.'),
  bodyTimeout: positiveDuration()
    .prefault('30s')
    .describe('Longest pause between two chunks of its response body. Duration; default 30s.'),
  tls: tlsSchema.optional().describe('How `https` targets are verified, and who the gateway is to them.'),
  pool: poolSchema.prefault({}).describe('Connections that are kept to it.'),
  bulkhead: bulkheadSchema.prefault({}).describe('How much of the gateway it can hold.'),
  retry: retrySchema.prefault({}).describe('When a try that failed is made again.'),
  hedge: hedgeSchema
    .optional()
    .describe('When a GET or HEAD that is slow is sent to a second target. Without this key: never.'),
  breaker: breakerSchema.prefault({}).describe('When it is given a rest because it fails.'),
  health: healthSchema.optional().describe('Probes of its health. Without this key there are none.'),
  fallback: fallbackSchema.optional().describe('What its callers get while it fails. Without this key: 503.'),
});

/** Every upstream key but where it is, which only an upstream itself can say. */
export const defaultsSchema = upstreamSchema.omit({ url: true, targets: true });

export const upstreamsSchema = byId(upstreamSchema);

import { z } from 'zod';
import { faultSchema, mirrorSchema } from './drills.js';
import { headers, method } from './http.js';
import { hostMatch, webOrigin } from './network.js';
import { pathPattern } from './path-pattern.js';
import { rewriteSchema } from './rewrite.js';
import { routeHeadersSchema } from './route-headers.js';
import { boolean, count, id, integer, text } from './scalars.js';
import { splitSchema } from './split.js';
import { routeAuthSchema } from './route-auth.js';
import { duration, positiveDuration, positiveSize, size } from './units.js';

export const matchSchema = z.strictObject({
  path: pathPattern().describe(
    'Path, case-sensitive: `/users/{id}` takes one segment, `/users/**` takes /users and all below. Required.',
  ),
  methods: z.array(method()).prefault([]).describe('HTTP methods. Default: every method.'),
  hosts: z
    .array(hostMatch())
    .prefault([])
    .describe('Hosts; `*.example.com` takes one or more labels. Default: every host.'),
  headers: headers().prefault({}).describe('Headers and the exact values they must have. Default: none.'),
});

export const routeCacheSchema = z.strictObject({
  ttl: positiveDuration()
    .optional()
    .describe('How long a response is fresh when it does not say so itself. Duration; default: `cache.ttl`.'),
  override: boolean()
    .prefault(false)
    .describe('Whether `ttl` counts even when a response says how long it is fresh. Default false.'),
  per: z
    .enum(['user', 'public'])
    .optional()
    .describe(
      'Whether each user has their own copies or all share. Default: user with auth, public without.',
    ),
  staleIfError: duration()
    .optional()
    .describe(
      'How long after that a response still answers while the upstream fails (RFC 5861). Duration; default 0, or 1h where the upstream has `fallback.stale`.',
    ),
  staleWhileRevalidate: duration()
    .prefault(0)
    .describe(
      'How long after that it still answers while a new one is fetched (RFC 5861). Duration; default 0.',
    ),
  statuses: z
    .array(integer(200, 599, 'a status from 200 to 599'))
    .min(1, 'at least one status')
    .optional()
    .describe(
      'Statuses that are kept, and get `ttl`. Default: 200, 203, 204, 300, 301 and 308, and others that say how long they are fresh.',
    ),
});

const webSocketSchema = z.strictObject({
  idleTimeout: positiveDuration()
    .prefault('5m')
    .describe('How long a WebSocket may carry nothing before it is closed with 1001. Duration; default 5m.'),
  closeOnExpiry: boolean()
    .prefault(true)
    .describe('Whether it is closed with 1008 when the token that opened it expires. Default true.'),
  maxMessageBytes: positiveSize()
    .prefault('16MiB')
    .describe(
      'Largest message in either direction, compressed if it is; above it both sides get 1009. Size; default 16MiB.',
    ),
  maxControlFrames: count()
    .prefault(100)
    .describe(
      'Most pings and other frames without data that a client may send in a second; above it is 1008. Default 100.',
    ),
  origins: z
    .array(webOrigin())
    .optional()
    .describe(
      'Origins of the pages that may open one, beside those of the gateway itself, or "*"; others get 403. Default: `server.cors.origins`, or any if that is empty.',
    ),
});

function websocket() {
  const flag = boolean().transform((on) => (on ? webSocketSchema.parse({}) : undefined));
  return z.union([flag, webSocketSchema], 'true, false or a mapping such as { idleTimeout: 5m }');
}

export const routeSchema = z.strictObject({
  id: id().describe('Name of the route in metrics and logs; unique. Required.'),
  match: matchSchema.describe('The requests that it takes. Required.'),
  upstream: text('the id of an upstream')
    .optional()
    .describe('Id of the upstream that gets them. Or `split`.'),
  split: splitSchema
    .optional()
    .describe('Upstreams that share its users by weight, the same user always to the same. Or `upstream`.'),
  auth: z
    .union([z.literal('none'), routeAuthSchema], '`none`, or a mapping such as { provider: main }')
    .optional()
    .describe('Who may call. `none`: anyone. Default: a valid token, if any provider is configured.'),
  cache: routeCacheSchema
    .optional()
    .describe('Keeps responses (RFC 9111). Without this key nothing is kept.'),
  mirror: mirrorSchema.optional().describe('Copies of its requests go to another upstream as well.'),
  fault: faultSchema.optional().describe('A drill: faults that the gateway makes up. Default: none.'),
  rewrite: rewriteSchema
    .optional()
    .describe('The path that is forwarded. Default: the path that was matched.'),
  headers: routeHeadersSchema
    .optional()
    .describe('Headers that are set or removed on the way. Default: none.'),
  timeout: positiveDuration()
    .optional()
    .describe('How long until response headers. Duration; default: the `timeout` of the upstream.'),
  websocket: websocket()
    .optional()
    .describe('Whether WebSockets are let through: true, or a mapping. Default false.'),
  maxBodyBytes: size().optional().describe('Largest request body. Size; default: `server.maxBodyBytes`.'),
});

export const routesSchema = z.array(routeSchema);

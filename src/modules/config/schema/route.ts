import { z } from 'zod';
import { isReservedInRequests, isReservedInResponses } from '../../../common/http/header-owners.js';
import { routeCacheSchema } from './cache.js';
import { headerName, headers, method } from './http.js';
import { hostMatch, webOrigin } from './network.js';
import { pathPattern, rewriteSchema } from './path-pattern.js';
import { routeAuthSchema } from './route-auth.js';
import {
  boolean,
  count,
  id,
  integer,
  positiveDuration,
  positiveRatio,
  positiveSize,
  size,
  upstreamId,
  list,
} from './scalars.js';

export const matchSchema = z.strictObject({
  path: pathPattern().describe(
    'Path, case-sensitive. `/users/{id}` matches one more segment, and `/users/**` matches /users and all paths below it.',
  ),
  methods: list(method()).describe('HTTP methods. Without any, the route matches every method.'),
  hosts: list(hostMatch()).describe(
    'Host names, in which `*.example.com` matches one or more labels. Without any, the route matches every host.',
  ),
  headers: headers().prefault({}).describe('Headers and the exact values that they must have.'),
});

const splitSchema = z
  .array(
    z.strictObject({
      upstream: upstreamId().describe('Id of an upstream.'),
      weight: integer(0, 100)
        .prefault(1)
        .describe('Share of the users, relative to the other upstreams; 0 stands for nobody.'),
    }),
  )
  .refine((sides) => sides.some(({ weight }) => weight !== 0), 'at least one side with a weight above 0');

function percent() {
  return positiveRatio('100%').describe('Share of the requests that this applies to.');
}

const mirrorSchema = z.strictObject({
  upstream: upstreamId().describe('Id of the upstream that gets the copies.'),
  percent: percent(),
});

const faultSchema = z.strictObject({
  delay: z
    .strictObject({ percent: percent(), for: positiveDuration().describe('How long a request waits.') })
    .optional()
    .describe('Requests wait before they are forwarded.'),
  abort: z
    .strictObject({
      percent: percent(),
      status: integer(400, 599, 'a status from 400 to 599').prefault(503).describe('Status of the answer.'),
    })
    .optional()
    .describe('Requests are answered with an error instead of being forwarded.'),
});

function headerRules(isReserved: (name: string) => boolean) {
  const removable = headerName().refine(
    (name) => !isReserved(name),
    'a header that the gateway does not set itself',
  );
  return z.strictObject({
    set: headers(isReserved)
      .prefault({})
      .describe('Headers to set, by name. They replace those that are present.'),
    remove: list(removable).describe('Names of headers to remove.'),
  });
}

const routeHeadersSchema = z.strictObject({
  request: headerRules(isReservedInRequests)
    .prefault({})
    .describe('Changes to the headers that the upstream gets.'),
  response: headerRules(isReservedInResponses)
    .prefault({})
    .describe('Changes to the headers that the client gets, from the upstream or from the cache.'),
});

const webSocketSchema = z.strictObject({
  idleTimeout: positiveDuration('5m').describe(
    'How long a WebSocket can be idle before it is closed with 1001.',
  ),
  closeOnExpiry: boolean(true).describe(
    'Whether it is closed with 1008 when the token that opened it expires.',
  ),
  maxMessageBytes: positiveSize('16MiB').describe(
    'Largest message in either direction, measured as it is sent (compressed or not). Both sides are closed with 1009 after a larger one.',
  ),
  maxControlFrames: count(100).describe(
    'Most pings and other frames without data that a client can send per second. Above that it is closed with 1008.',
  ),
  origins: z
    .array(webOrigin())
    .optional()
    .describe(
      'Origins of the pages that can open a WebSocket, in addition to the origin of the gateway, or "*". Others are answered with 403. Without this key, `server.cors.origins` applies, or every origin if that is empty.',
    ),
});

function websocket() {
  const flag = boolean().transform((on) => (on ? webSocketSchema.parse({}) : undefined));
  return z.union([flag, webSocketSchema], 'true, false or a mapping such as { idleTimeout: 5m }');
}

const routeSchema = z
  .strictObject({
    id: id().describe('Unique name of the route in metrics and logs.'),
    match: matchSchema.describe('The requests that the route matches.'),
    upstream: upstreamId()
      .optional()
      .describe('Id of the upstream that gets the requests. Use `split` for several.'),
    split: splitSchema
      .optional()
      .describe(
        'Upstreams that share the users by weight; use instead of `upstream`. The same user always gets the same upstream.',
      ),
    auth: z
      .union([z.literal('none'), routeAuthSchema], '`none`, or a mapping such as { provider: main }')
      .optional()
      .describe(
        'Who can call. `none` makes the route public. Without this key, a valid token is required if any provider is configured.',
      ),
    cache: routeCacheSchema
      .optional()
      .describe('Stores responses (RFC 9111). Without this key nothing is stored.'),
    mirror: mirrorSchema.optional().describe('Sends copies of the requests to another upstream as well.'),
    fault: faultSchema.optional().describe('Injects faults on purpose, to practise for outages.'),
    rewrite: rewriteSchema
      .optional()
      .describe('Changes the path that is forwarded. Without this key it is the path that was matched.'),
    headers: routeHeadersSchema.optional().describe('Sets and removes headers.'),
    timeout: positiveDuration()
      .optional()
      .describe(
        'Time to response headers, retries included. Without this key, the `timeout` of the upstream applies.',
      ),
    websocket: websocket()
      .optional()
      .describe('Whether WebSockets are forwarded: true, false or a mapping. Without this key they are not.'),
    maxBodyBytes: size()
      .optional()
      .describe('Largest request body. Without this key, `server.maxBodyBytes` applies.'),
  })
  // `upstream` of a split route is its first side. `checks/routes.ts` reports a route with neither or both.
  .transform((route) => ({ ...route, upstream: route.upstream ?? route.split?.[0]?.upstream ?? '' }));

export const routesSchema = z.array(routeSchema);

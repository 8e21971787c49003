import { optional, prefault, z } from 'zod';
import { isReservedInRequests, isReservedInResponses } from '../../../common/http/header-owners.js';
import { routeCacheSchema } from './cache.js';
import { routeCorsSchema } from './cors.js';
import { headerName, headers, method } from './http.js';
import { routeLimitsSchema } from './limits.js';
import { accessSchema, hostMatch, webOrigin } from './network.js';
import { partPath, pathPattern, rewriteSchema } from './path-pattern.js';
import { pluginId } from './plugin.js';
import { rateLimits } from './rate-limit.js';
import { routeAuthSchema, scopes } from './route-auth.js';
import { securityHeadersSchema } from './security-headers.js';
import {
  boolean,
  byId,
  count,
  duration,
  id,
  integer,
  jsonValue,
  list,
  positiveDuration,
  positiveRatio,
  positiveSize,
  size,
  text,
  upstreamId,
} from './scalars.js';

export const matchSchema = z.strictObject({
  path: pathPattern().describe(
    'Path, case-sensitive. `/users/{id}` matches one more segment, and `/users/**` matches /users and all paths below it.',
  ),
  methods: list(method()).describe('HTTP methods. Without any, the route matches every method.'),
  hosts: list(hostMatch()).describe(
    'Host names, in which `*.example.com` matches one or more labels. Without any, the route matches every host.',
  ),
  headers: prefault(headers(), {}).describe('Headers and the exact values that they must have.'),
  encodedSlashes: prefault(z.enum(['reject', 'pass'], 'reject or pass'), 'reject').describe(
    'Whether a path with `%2F` is answered with 400 or forwarded as it is, for upstreams that use it in names (GitLab, npm, RabbitMQ).',
  ),
});

const splitSchema = z
  .array(
    z.strictObject({
      upstream: upstreamId().describe('Id of an upstream.'),
      weight: prefault(integer(0, 100), 1).describe(
        'Share of the users, relative to the other upstreams; 0 sends no user there.',
      ),
    }),
  )
  .refine((sides) => sides.some(({ weight }) => weight !== 0), 'at least one side with a weight above 0');

const partSchema = z.strictObject({
  upstream: upstreamId().describe('Id of the upstream that is asked.'),
  path: partPath().describe(
    'Path and query of the `GET`. `{name}` stands for a segment of the matched path, percent-encoded: a whole segment here, or any text of the query.',
  ),
  fallback: optional(jsonValue()).describe(
    'Value that takes the place of the part when it fails. Without this key, a part that fails fails the whole answer.',
  ),
  maxBytes: positiveSize('1MiB').describe('Largest body of the part. A longer one counts as a failure.'),
});

/** `checks/routes-and-upstreams.ts` reports what does not fit the rest of the route. */
const gatherSchema = byId(partSchema).refine(
  (parts) => Object.keys(parts).length > 0,
  'at least one part, such as user: { upstream: users, path: "/users/{id}" }',
);

function percent() {
  return positiveRatio('100%').describe('Share of the requests that this applies to.');
}

const mirrorSchema = z.strictObject({
  upstream: upstreamId().describe('Id of the upstream that gets the copies.'),
  percent: percent(),
});

const faultSchema = z.strictObject({
  delay: optional(
    z.strictObject({ percent: percent(), for: positiveDuration().describe('How long a request waits.') }),
  ).describe('Requests wait before they are forwarded.'),
  abort: optional(
    z.strictObject({
      percent: percent(),
      status: prefault(integer(400, 599, 'a status from 400 to 599'), 503).describe('Status of the answer.'),
    }),
  ).describe('Requests are answered with an error instead of being forwarded.'),
});

function headerRules(isReserved: (name: string) => boolean) {
  return z.strictObject({
    set: prefault(headers(isReserved), {}).describe(
      'Headers to set, by name. They replace those that are present. `{name}` is a segment of the matched path, `{rest}` the part that `/**` matched, and `{claim:NAME}` a claim of the token; a header whose value lacks one of them is only removed.',
    ),
    remove: list(headerName(isReserved)).describe('Names of headers to remove.'),
  });
}

const routeHeadersSchema = z.strictObject({
  request: prefault(headerRules(isReservedInRequests), {}).describe(
    'Changes to the headers that the upstream gets.',
  ),
  response: prefault(headerRules(isReservedInResponses), {}).describe(
    'Changes to the headers that the client gets, from the upstream or from the cache.',
  ),
});

const maintenanceSchema = z.strictObject({
  retryAfter: positiveDuration('1m').describe('When clients should try again: `Retry-After`.'),
  message: optional(text('a sentence for users')).describe('Message for users: the `detail` of the error.'),
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
    'Maximum number of control frames (pings, pongs) that a client can send per second. Above that it is closed with 1008.',
  ),
  origins: optional(z.array(webOrigin())).describe(
    'Origins of the pages that can open a WebSocket, in addition to the origin of the gateway, or "*". Others are answered with 403. Without this key, the origins of `cors` apply, or every origin if there are none.',
  ),
});

/** A mapping, in place of which `true` stands for one without keys, and `false` for nothing. */
function switchable<S extends z.ZodType>(mapping: S, expected: string) {
  return z.union([boolean().transform((on) => (on ? mapping.parse({}) : undefined)), mapping], expected);
}

const routeKeys = z.strictObject({
  id: id().describe('Unique name of the route in metrics and logs.'),
  match: matchSchema.describe('The requests that the route matches.'),
  upstream: optional(upstreamId()).describe(
    'Id of the upstream that gets the requests. Use `split` for several.',
  ),
  split: optional(splitSchema).describe(
    'Upstreams that share the users by weight; use instead of `upstream`. The same user always gets the same upstream.',
  ),
  gather: optional(gatherSchema).describe(
    'Answers with one JSON document that is made of several calls, by the names of its parts; use instead of `upstream`.',
  ),
  access: optional(accessSchema).describe(
    'Which clients can call, by their addresses as `server.trustProxy` resolves them. Others are answered with 403. `server.access` applies as well.',
  ),
  maintenance: optional(
    switchable(maintenanceSchema, 'true, false or a mapping such as { retryAfter: 10m }'),
  ).describe('Answers every request with 503 instead of forwarding it: true, false or a mapping.'),
  auth: optional(
    z.union([z.literal('none'), routeAuthSchema], '`none`, or a mapping such as { provider: main }'),
  ).describe(
    'Who can call. `none` makes the route public. Without this key, a valid token is required if any provider is configured.',
  ),
  cache: optional(routeCacheSchema).describe(
    'Stores responses (RFC 9111). Without this key nothing is stored.',
  ),
  rateLimit: optional(rateLimits('user')).describe(
    'Limits on the rate of requests to this route, in addition to `server.rateLimit`. Further requests are answered with 429.',
  ),
  limits: optional(routeLimitsSchema).describe(
    'Limits on single requests, and on what one client can have in flight at a time on this route.',
  ),
  plugins: list(pluginId('hooks')).describe(
    'Plugins whose hooks see the requests in this order, and the responses in the reverse order.',
  ),
  priority: prefault(z.enum(['low', 'normal', 'high'], 'low or normal or high'), 'normal').describe(
    'How important the requests are while the gateway is overloaded: `high`, `normal` or `low`; see `server.overload`.',
  ),
  mirror: optional(mirrorSchema).describe('Sends copies of the requests to another upstream as well.'),
  fault: optional(faultSchema).describe('Injects faults, for example to practise for outages.'),
  rewrite: optional(rewriteSchema).describe(
    'Changes the path that is forwarded. Without this key it is the path that was matched.',
  ),
  headers: optional(routeHeadersSchema).describe('Sets and removes headers.'),
  cors: optional(routeCorsSchema).describe(
    'Which web pages of other origins can call, in place of all of `server.cors`; `off` leaves it to the upstream. Without this key, `server.cors` applies.',
  ),
  securityHeaders: optional(securityHeadersSchema).describe(
    'Security headers of the responses. Without this key, `server.securityHeaders` applies.',
  ),
  compression: optional(boolean()).describe(
    'Whether responses are compressed. Without this key, `server.compression` applies.',
  ),
  timeout: optional(positiveDuration()).describe(
    'Time to response headers, retries included. Without this key, the `timeout` of the upstream applies.',
  ),
  streamIdleTimeout: optional(duration()).describe(
    'Longest pause between two chunks of an event stream; 0s turns it off. Without this key, the `streamIdleTimeout` of the upstream applies.',
  ),
  requestTimeout: optional(duration()).describe(
    'How long a client can take to send its whole request; 0s for no limit. Without this key, `server.requestTimeout` applies.',
  ),
  websocket: optional(
    switchable(webSocketSchema, 'true, false or a mapping such as { idleTimeout: 5m }'),
  ).describe('Whether WebSockets are forwarded: true, false or a mapping. Without this key they are not.'),
  maxBodyBytes: optional(size()).describe(
    'Largest request body. Without this key, `server.maxBodyBytes` applies.',
  ),
});

const routeSchema = routeKeys
  // `upstream` is the first of several. `checks/routes-and-upstreams.ts` reports a route without any, or with two of the keys.
  .transform((route) => ({ ...route, upstream: route.upstream ?? firstOf(route) ?? '' }));

function firstOf({ split, gather = {} }: Pick<z.output<typeof routeKeys>, 'split' | 'gather'>) {
  return [...(split ?? []), ...Object.values(gather)][0]?.upstream;
}

/** The keys of a route that have no meaning for a handler of code. */
const FORWARDING = {
  id: true,
  match: true,
  upstream: true,
  split: true,
  gather: true,
  mirror: true,
  rewrite: true,
  streamIdleTimeout: true,
  websocket: true,
} as const;

/** The keys of a route that a handler of code can have as well. */
export const codeRouteSchema = routeKeys.omit(FORWARDING).extend({ scopes: scopes() });

/** The others, which are told apart from misspelt ones. */
export const keysOfForwarding = Object.keys(FORWARDING);

export const routesSchema = z.array(routeSchema);

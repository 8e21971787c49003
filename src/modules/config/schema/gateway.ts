import { optional, prefault, z } from 'zod';
import { authSchema } from './auth.js';
import { cacheSchema, STALE_INSTEAD } from './cache.js';
import { accessLogSchema, logSchema } from './log.js';
import { pluginsSchema } from './plugin.js';
import { redisSchema } from './redis.js';
import { breakersSchema } from './resilience.js';
import { routesSchema } from './route.js';
import { text } from './scalars.js';
import { managementSchema, serverSchema } from './server.js';
import { tracingSchema } from './tracing.js';
import { defaultsSchema, upstreamsSchema } from './upstream.js';

const stateSchema = z.strictObject({
  file: optional(text('the path of a file')).describe(
    'File in which open breakers and used rate limits are kept over a restart, relative to the folder of the configuration. Each gateway needs its own. Without it, they are forgotten.',
  ),
});

const sections = z.strictObject({
  server: prefault(serverSchema, {}).describe('The port that clients call.'),
  management: prefault(managementSchema, {}).describe('The port for metrics, health and administration.'),
  log: prefault(logSchema, {}).describe(
    'What the gateway writes to its standard output, as JSON lines, or in short lines if that is a terminal.',
  ),
  accessLog: prefault(accessLogSchema, {}).describe('One line in the log for each request.'),
  tracing: prefault(tracingSchema, {}).describe(
    'Traces of requests for OpenTelemetry. Without `endpoint`, none are recorded.',
  ),
  auth: prefault(authSchema, {}).describe(
    'Token issuers by id. With at least one, a route without `auth` requires a valid token.',
  ),
  redis: prefault(redisSchema, {}).describe(
    'Redis, through which several gateways share cached responses, revoked tokens, breakers and rate limits. Without it, each gateway has its own.',
  ),
  breakers: prefault(breakersSchema, {}).describe('How replicas of the gateway share their breakers.'),
  state: prefault(stateSchema, {}).describe('State that is kept over a restart of the gateway.'),
  cache: prefault(cacheSchema, {}).describe('The memory that routes with `cache` share.'),
  plugins: prefault(pluginsSchema, {}).describe('Modules that extend the gateway, by id.'),
  defaults: prefault(defaultsSchema, {}).describe('Values for every upstream that does not set them itself.'),
  upstreams: prefault(upstreamsSchema, {}).describe('The services behind the gateway, by id.'),
  routes: prefault(routesSchema, []).describe('Which requests are forwarded to which upstream.'),
});

type Sections = z.output<typeof sections>;
type Route = Sections['routes'][number];

/**
 * The whole file, with `defaults` already merged into the upstreams. Its output has every unit resolved and every
 * default filled in, also those that a route inherits from other sections.
 */
export const gatewaySchema = sections.transform(({ defaults: _defaults, ...gateway }) => ({
  ...gateway,
  routes: gateway.routes.map(({ cache, ...route }) => ({
    ...route,
    maxBodyBytes: route.maxBodyBytes ?? gateway.server.maxBodyBytes,
    requestTimeout: route.requestTimeout ?? gateway.server.requestTimeout,
    securityHeaders: route.securityHeaders ?? gateway.server.securityHeaders,
    compression: route.compression ?? gateway.server.compression,
    forwardedHeaders: gateway.server.forwardedHeaders,
    hasLimits: hasLimits(route, gateway.server),
    ...(cache && { cache: { ...cache, ...inheritedCache(route, cache, gateway) } }),
  })),
}));

function inheritedCache(
  route: Pick<Route, 'auth' | 'upstream' | 'split' | 'gather'>,
  { ttl, per, staleIfError }: NonNullable<Route['cache']>,
  gateway: Pick<Sections, 'auth' | 'cache' | 'upstreams'>,
) {
  // Of several upstreams, every one must have the fallback.
  const upstreams = sidesOf(route).map((id) => gateway.upstreams[id]);
  const isFallback = upstreams.every((upstream) => upstream?.fallback?.stale);
  const failures = isFallback ? upstreams.flatMap((upstream) => upstream?.breaker.failureStatuses ?? []) : [];
  const perDefault = isPublic(route, gateway) ? 'public' : 'user';
  return {
    ttl: ttl ?? gateway.cache.ttl,
    per: per ?? perDefault,
    staleIfError: staleIfError ?? (isFallback ? STALE_BY_FALLBACK : 0),
    /** Statuses of the upstream instead of which a stale response is served. */
    staleInsteadOf: [...new Set([...STALE_INSTEAD, ...failures.filter((status) => status >= 500)])],
  };
}

/** Whether requests to a route are counted, by rate or by what is in flight. */
function hasLimits(route: Pick<Route, 'rateLimit' | 'limits'>, { rateLimit, limits }: Sections['server']) {
  const { requestsPerIp, requestsPerUser } = limits;
  const all = [route.rateLimit, rateLimit, requestsPerIp, requestsPerUser, route.limits?.requestsPerUser];
  return all.some((limit) => limit !== undefined);
}

/** Milliseconds. A good answer from an hour ago helps more than an error; one from yesterday may not. */
const STALE_BY_FALLBACK = 3_600_000;

/** Whether a route is open to anonymous requests: by default, only when there is no provider. */
export function isPublic(route: { readonly auth?: unknown }, gateway: { readonly auth: object }): boolean {
  return route.auth === 'none' || (route.auth === undefined && Object.keys(gateway.auth).length === 0);
}

interface Destination {
  readonly upstream: string;
  readonly split?: readonly { readonly upstream: string }[] | undefined;
  readonly gather?: Readonly<Record<string, { readonly upstream: string }>> | undefined;
}

/** Ids of the upstreams that answer the requests of a route: one, the sides of its split, or those of its parts, each once. */
export function sidesOf({ upstream, split, gather }: Destination): string[] {
  const several = split ?? (gather && Object.values(gather));
  return [...new Set(several?.map((side) => side.upstream) ?? [upstream])];
}

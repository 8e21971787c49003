import type { AuthKeys } from './checks/auth-keys.js';
import type { AuthProviderConfig, GatewayConfig, RouteConfig } from './gateway-config.js';
import type { ParsedGateway } from './schema/gateway.js';
import { isPublic } from './public-route.js';
import { withoutPrototype } from './schema/scalars.js';

/**
 * Fills in what depends on other parts of the file: what is in the files it names, and what a cached
 * route inherits. `defaults` are in the upstreams already.
 * @param keys what the files that providers name hold, by provider id
 */
export function completeConfig(
  parsed: ParsedGateway,
  keys: Pick<AuthKeys, 'publicKeys' | 'apiKeys'>,
): GatewayConfig {
  const { defaults: _, ...sections } = parsed;
  const upstreams = Object.entries(parsed.upstreams).map(([id, { url, targets, ...rest }]) => [
    id,
    // The schema has seen to it that there is one or the other.
    { ...rest, targets: targets ?? [{ url: url ?? '', weight: 1 }] },
  ]);
  const auth: Record<string, AuthProviderConfig> = {};
  for (const [id, { apiKeysFile: _file, ...provider }] of Object.entries(parsed.auth)) {
    const publicKey = keys.publicKeys.get(id) ?? provider.publicKey;
    const apiKeys = [...(provider.apiKeys ?? []), ...(keys.apiKeys.get(id) ?? [])];
    auth[id] = {
      ...provider,
      ...(publicKey === undefined ? {} : { publicKey }),
      ...(apiKeys.length === 0 ? {} : { apiKeys }),
    };
  }
  return {
    ...sections,
    auth: withoutPrototype(auth),
    upstreams: withoutPrototype(Object.fromEntries(upstreams)),
    routes: parsed.routes.map((route) => completeRoute(route, parsed)),
  };
}

function completeRoute(route: ParsedGateway['routes'][number], gateway: ParsedGateway): RouteConfig {
  const { cache, ...others } = route;
  // The schema has seen to it that there is one or the other.
  const rest = {
    ...others,
    upstream: route.upstream ?? route.split?.[0]?.upstream ?? '',
    maxBodyBytes: route.maxBodyBytes ?? gateway.server.maxBodyBytes,
  };
  if (!cache) return rest;
  const per = cache.per ?? (isPublic(route, gateway) ? 'public' : 'user');
  return {
    ...rest,
    cache: { ...cache, ttl: cache.ttl ?? gateway.cache.ttl, per, ...staleOf(route, gateway) },
  };
}

/** RFC 5861 section 4: what `stale-if-error` is about. */
export const STALE_INSTEAD: readonly number[] = [500, 502, 503, 504];
/** Milliseconds. A good answer of an hour ago helps more than an error; one of yesterday may not. */
const STALE_BY_FALLBACK = 3_600_000;

/** When the route answers with what is stale. On a split route, each side has to say so. */
function staleOf({ upstream, split, cache }: ParsedGateway['routes'][number], { upstreams }: ParsedGateway) {
  const sides = split?.map((side) => side.upstream) ?? [upstream ?? ''];
  const isFallback = sides.every((id) => upstreams[id]?.fallback?.stale);
  const failures = isFallback ? sides.flatMap((id) => upstreams[id]?.breaker.failureStatuses ?? []) : [];
  return {
    staleIfError: cache?.staleIfError ?? (isFallback ? STALE_BY_FALLBACK : 0),
    staleInsteadOf: [...new Set([...STALE_INSTEAD, ...failures.filter((status) => status >= 500)])],
  };
}

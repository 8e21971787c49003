import { availableParallelism } from 'node:os';
import type { GatewayConfig, ServerConfig, UpstreamConfig } from '../modules/config/gateway-config.js';

const CLIENT_LIMITS = ['requestsPerIp', 'requestsPerUser', 'streamsPerUser'] as const;

/** @returns how many processes serve requests */
export function workerCount({ server: { workers } }: GatewayConfig): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/**
 * Divides the limits of a gateway among its workers, so that together they stay within them. Shares are rounded down;
 * where there must be one of something, each worker has at least one.
 *
 * @returns the configuration of each of `workers`. Upstreams that do not differ from `config` are the same objects
 */
export function shareOf(config: GatewayConfig, workers: number): GatewayConfig {
  const share = (limit: number) => Math.floor(limit / workers);
  const oneOrShare = (limit: number) => Math.max(1, share(limit));
  const upstreamShare = (upstream: UpstreamConfig): UpstreamConfig => {
    const { bulkhead, pool } = upstream;
    const connections = pool.connections && oneOrShare(pool.connections);
    return {
      ...upstream,
      bulkhead: {
        ...bulkhead,
        concurrent: oneOrShare(bulkhead.concurrent),
        queue: share(bulkhead.queue),
        streams: oneOrShare(bulkhead.streams),
      },
      pool: connections === undefined ? pool : { ...pool, connections },
    };
  };
  const clientShare = <L extends Partial<ServerConfig['limits']>>(limits: L): L => {
    const shares = CLIENT_LIMITS.flatMap((name) => {
      const limit = limits[name];
      return limit === undefined ? [] : [[name, oneOrShare(limit)] as const];
    });
    return { ...limits, ...Object.fromEntries(shares) };
  };
  const { server, routes } = config;
  const { connections } = server.limits;
  const upstreams = Object.entries(config.upstreams).map(([id, each]) => [id, upstreamShare(each)] as const);
  return {
    ...config,
    server: {
      ...server,
      limits: { ...clientShare(server.limits), connections: connections && oneOrShare(connections) },
    },
    routes: routes.map((route) => (route.limits ? { ...route, limits: clientShare(route.limits) } : route)),
    cache: { ...config.cache, maxBytes: oneOrShare(config.cache.maxBytes) },
    upstreams: Object.fromEntries(upstreams),
  };
}

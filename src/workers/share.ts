import { availableParallelism } from 'node:os';
import type { GatewayConfig, UpstreamConfig } from '../modules/config/gateway-config.js';

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
  const upstreams = Object.entries(config.upstreams).map(([id, each]) => [id, upstreamShare(each)] as const);
  return {
    ...config,
    cache: { ...config.cache, maxBytes: oneOrShare(config.cache.maxBytes) },
    upstreams: Object.fromEntries(upstreams),
  };
}

import type { GatewayConfig, UpstreamConfig } from './gateway-config.js';
import { listed } from './problem.js';

/** @returns what the limits of an upstream add up to; each of its targets has a pool of its own */
export function capacityOf({ bulkhead, pool, targets }: UpstreamConfig) {
  const { concurrent, queue, streams } = bulkhead;
  const unlimited = concurrent + streams;
  const connections = Math.min(unlimited, (pool.connections ?? unlimited) * targets.length);
  return {
    calls: Math.min(concurrent, connections),
    queue,
    streams: Math.min(streams, connections),
    connections,
  };
}

/** @returns what each upstream can take at a time, in sentences; upstreams with the same limits share one */
export function capacityLines({ upstreams }: GatewayConfig): string[] {
  const byLimits = Map.groupBy(Object.entries(upstreams), ([, upstream]) => {
    const { calls, queue, streams, connections } = capacityOf(upstream);
    return `${calls} calls waiting for a response, ${queue} in the queue, ${streams} streams, ${connections} connections`;
  });
  return [...byLimits].map(([limits, entries]) => {
    const ids = entries.map(([id]) => id);
    return `Capacity of ${listed(ids, MAX_NAMES)}: ${limits}.`;
  });
}

const MAX_NAMES = 8;

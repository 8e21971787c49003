import type { GatewayConfig, UpstreamConfig } from './gateway-config.js';

export interface Capacity {
  /** Calls that wait for their response at a time. */
  readonly calls: number;
  /** Calls that wait for a place. */
  readonly queue: number;
  /** Bodies in transfer, event streams and WebSockets at a time. */
  readonly streams: number;
  /** Maximum of calls and streams together. */
  readonly connections: number;
}

/** @returns what the limits of an upstream add up to; each of its targets has a pool of its own */
export function capacityOf({ bulkhead, pool, targets }: UpstreamConfig): Capacity {
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
  const idsOf = new Map<string, string[]>();
  for (const [id, upstream] of Object.entries(upstreams)) {
    const { calls, queue, streams, connections } = capacityOf(upstream);
    const limits = `${calls} calls waiting for a response, ${queue} in the queue, ${streams} streams, ${connections} connections`;
    const ids = idsOf.get(limits);
    if (ids) ids.push(id);
    else idsOf.set(limits, [id]);
  }
  return [...idsOf].map(([limits, ids]) => `Capacity of ${shortened(ids)}: ${limits}.`);
}

const MAX_NAMES = 8;

function shortened(ids: readonly string[]): string {
  const more = ids.length - MAX_NAMES;
  return ids.slice(0, MAX_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

import type { ClientPlan, Scenario } from './scenario.js';

const QUICK = { ms: 5, bytes: 500, over: 0 };

/** Scenarios in which the gateway once caused an outage by itself, or could, and little more than they need. */
export const KNOWN = {
  streamsTakeAllConnections: {
    name: 'event streams take all connections',
    services: [{ id: 'a', targets: 1, config: {} }],
    faults: [],
    clients: [
      group('stream', { count: 135, response: { ms: 0, bytes: 2_000, over: 5_000 } }),
      group('get', { at: 700, count: 8, for: 3_600, gap: 100, response: QUICK }),
    ],
  },
  herdOnSlowResource: {
    name: 'a herd waits for a slow resource',
    services: [{ id: 'a', targets: 1, config: {} }],
    faults: [],
    clients: [
      group('cached', { count: 270, response: { ms: 10, bytes: 100_000, over: 3_500 } }),
      group('get', { at: 2_000, count: 4, for: 2_500, gap: 50, response: QUICK }),
    ],
  },
  oneFrozenTarget: {
    name: 'one of three targets is frozen',
    services: [{ id: 'a', targets: 3, config: { balancer: 'round-robin' } }],
    faults: [{ kind: 'freeze', service: 'a', target: 0, at: 500, for: 4_000 }],
    clients: [group('get', { count: 18, for: 4_500, gap: 20 })],
  },
  pauseUnderLoad: {
    name: 'the gateway pauses under load',
    services: [{ id: 'a', targets: 1, config: { timeout: '1s' } }],
    faults: [{ kind: 'pause', at: 800, for: 2_000 }],
    clients: [group('get', { count: 25, for: 3_500, gap: 20, response: { ms: 100, bytes: 500, over: 0 } })],
  },
  redisAway: {
    name: 'Redis is killed while users share resources',
    services: [{ id: 'a', targets: 1, config: {} }],
    redis: true,
    faults: [{ kind: 'redis-kill', at: 800, for: 1_500 }],
    clients: [
      group('cached', { count: 40, for: 3_500, gap: 50 }),
      group('mixed', { count: 12, for: 3_500, gap: 50 }),
    ],
  },
} satisfies Record<string, Scenario>;

function group(kind: ClientPlan['kind'], keys: Partial<ClientPlan>): ClientPlan {
  return { kind, service: 'a', at: 0, count: 1, for: 0, gap: 0, response: QUICK, ...keys };
}

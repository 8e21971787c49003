import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../test/support/gateway.js';
import { shareOf, workerCount } from './share.js';

const yaml = (upstream = '', connections = 11) => `
server: { limits: { connections: ${connections} } }
cache: { maxBytes: 9KiB }
upstreams: { users: { url: http://users, ${upstream} } }`;

describe('shareOf', () => {
  it('divides the limits among the workers, rounded down', () => {
    const limits = 'bulkhead: { concurrent: 11, queue: 7, streams: 21 }, pool: { connections: 32 }';
    const { cache, server, upstreams } = shareOf(configOf(yaml(limits)), 2);
    expect(cache.maxBytes).toBe(4608);
    expect(server.limits.connections).toBe(5);
    expect(upstreams['users']).toMatchObject({
      bulkhead: { concurrent: 5, queue: 3, streams: 10 },
      pool: { connections: 16 },
    });
  });

  it('divides the limits of clients', () => {
    const config = configOf(`
server: { limits: { requestsPerIp: 9, requestsPerUser: 5, streamsPerUser: 1 } }
upstreams: { users: { url: http://users } }
routes: [{ id: users, match: { path: / }, upstream: users, limits: { requestsPerUser: 4 } }]`);
    const { server, routes } = shareOf(config, 2);
    expect(server.limits).toMatchObject({ requestsPerIp: 4, requestsPerUser: 2, streamsPerUser: 1 });
    expect(routes[0]?.limits).toMatchObject({ requestsPerUser: 2 });
  });

  it('leaves each worker at least one place, and none in a queue', () => {
    const limits = 'bulkhead: { concurrent: 1, queue: 1, streams: 2 }, pool: { connections: 3 }';
    expect(shareOf(configOf(yaml(limits)), 4).upstreams['users']).toMatchObject({
      bulkhead: { concurrent: 1, queue: 0, streams: 1 },
      pool: { connections: 1 },
    });
  });

  it('leaves everything else, and connections without a limit', () => {
    const config = configOf(yaml());
    const share = shareOf(config, 2);
    expect(share.upstreams['users']?.pool).toBe(config.upstreams['users']?.pool);
    expect(share.server).toEqual({ ...config.server, limits: { ...config.server.limits, connections: 5 } });
    expect(shareOf(configOf(yaml('', 0)), 2).server.limits.connections).toBe(0);
    expect(share.routes).toEqual(config.routes);
  });
});

describe('workerCount', () => {
  it.each([
    ['routes: []', 1],
    ['server: { workers: 3 }', 3],
    ['server: { workers: "2" }', 2],
    ['server: { workers: auto }', availableParallelism()],
  ])('of %j is %d', (text, count) => {
    expect(workerCount(configOf(text))).toBe(count);
  });
});

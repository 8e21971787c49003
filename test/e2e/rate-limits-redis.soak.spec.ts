import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { type GatewayProcess, spawnGateway } from '../support/process.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

/** Starts three gateways with a common Redis and a limit. */
async function replicas(redis: RedisServer, limit = '{ requests: 100, per: 1m }', commandTimeout = '5s') {
  const url = await listen(createServer((_req, res) => void res.end('ok')));
  const yaml = `
server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s } }
management: { port: 0 }
accessLog: { enabled: false }
redis: { url: "${redis.url}", connectTimeout: 1s, commandTimeout: ${commandTimeout} }
upstreams: { api: { url: "${url}", bulkhead: { queue: 10000 } } }
routes: [{ id: api, match: { path: /** }, upstream: api, rateLimit: ${limit} }]`;
  return Promise.all(Array.from({ length: 3 }, () => spawnGateway(yaml)));
}

/** Sends requests to each gateway in turn. @returns how many were let through, of those that were answered */
async function passed(gateways: readonly GatewayProcess[], count: number): Promise<number> {
  const requests = Array.from({ length: count }, (_, i) => fetch(`${gateways[i % gateways.length]?.url}/`));
  const statuses = (await Promise.all(requests)).map(({ status }) => status);
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  return statuses.filter((status) => status === 200).length;
}

const isUp = ({ managementUrl }: GatewayProcess) => metric(managementUrl, 'breakwater_cache_backend_up');

describeWithRedis('three gateways with a common Redis', () => {
  it('accept the limit together', async () => {
    const gateways = await replicas(await RedisServer.start());
    const count = await passed(gateways, 450);
    expect(count).toBeGreaterThanOrEqual(98);
    expect(count).toBeLessThanOrEqual(102);
  });

  it('accept at most the limit each while Redis is frozen, and answer every request', async () => {
    const redis = await RedisServer.start();
    const gateways = await replicas(redis, '{ requests: 100, per: 1h }', '200ms');
    redis.signal('SIGSTOP');
    const count = await passed(gateways, 450);
    expect(count).toBeGreaterThanOrEqual(98);
    expect(count).toBeLessThanOrEqual(3 * 100);
    // It is still frozen, so all of them were answered without it.
    redis.signal('SIGCONT');
  });

  it('continue with the last known counts when Redis is killed', async () => {
    const redis = await RedisServer.start();
    const gateways = await replicas(redis, '{ requests: 100, per: 1h }');
    expect(await passed(gateways, 60)).toBe(60);
    await redis.kill();
    for (const gateway of gateways)
      await until('it is noticed', async () => (await isUp(gateway)) === 0, 10_000);
    const count = await passed(gateways, 450);
    // Each has last heard of some 40 that are left, and not of a limit of its own.
    expect(count).toBeGreaterThanOrEqual(3 * 40);
    expect(count).toBeLessThan(3 * 60);
    await redis.startAgain();
    for (const gateway of gateways)
      await until('it is back', async () => (await isUp(gateway)) === 1, 10_000);
    // What was used up stays so.
    expect(await passed(gateways, 30)).toBe(0);
  });

  it('keep no names or addresses in Redis, and forget buckets that are full again', async () => {
    const redis = await RedisServer.start();
    const gateways = await replicas(redis, '{ requests: 2, per: 1s, key: ip }');
    await passed(gateways, 3);
    const keys = await redis.client().keys('*ratelimit*');
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatch(/^breakwater:ratelimit:[\w-]{22}:[\w-]{43}$/);
    await until('it is forgotten', async () => (await redis.client().keys('*ratelimit*')).length === 0);
  });
});

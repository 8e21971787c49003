import { expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { replicas, expectShared } from '../support/replicas.js';
import { until } from '../support/until.js';

describeWithRedis('Redis', () => {
  it('is found through a sentinel, also after a failover', { timeout: 60_000 }, async () => {
    const master = await RedisServer.start();
    const other = await RedisServer.start();
    const sentinel = await RedisServer.startSentinel(master);
    const redis = `{ sentinel: { name: main, nodes: ["${sentinel.url}"] }, commandTimeout: 1s }`;
    const [a] = await expectShared(redis);
    expect(await master.client().dbsize()).toBeGreaterThan(0);
    // Simulates a failover: the sentinel names another master, and the old one is gone.
    const watch = sentinel.client();
    await watch.call('SENTINEL', 'REMOVE', 'main');
    await watch.call('SENTINEL', 'MONITOR', 'main', '127.0.0.1', String(other.port), '1');
    await master.kill();
    await until('the other one is used', async () => {
      await a.get(`/next/${Math.random()}`);
      return (await other.client().dbsize()) > 0;
    });
  });

  it('is reached over TLS with its certificate verified', async () => {
    const authority = Authority.create();
    const server = await RedisServer.startTls(authority.issue('DNS:localhost', 'IP:127.0.0.1'));
    const url = `rediss://127.0.0.1:${server.port}`;
    const ca = JSON.stringify(authority.ca);
    await expectShared(`{ url: "${url}", tls: { ca: ${ca} }, commandTimeout: 5s }`);
    const { all } = await replicas(() => ({}), { redis: `{ url: "${url}" }`, count: 1 });
    const health = await (await all[0]?.gw.management('/health'))?.json();
    expect(health).toMatchObject({ status: 'degraded', details: { redis: { status: 'degraded' } } });
  });
});

import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { Load } from '../support/load.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

const CLIENTS = 8;
const TIMEOUT_MS = 500;

/** No response fits into the memory of the gateway, so that every request reads Redis. */
async function start() {
  const redis = await RedisServer.start();
  const gw = await gateway(`
    redis: { url: "${redis.url}", commandTimeout: ${TIMEOUT_MS}ms }
    cache: { maxBytes: 1B, ttl: 1m }
    upstreams: { users: { url: "\${USERS_URL}" } }
    routes: [{ id: users, match: { path: /** }, upstream: users, cache: {} }]
  `)
    .withUpstream('users', (_, res) => void res.setHeader('content-length', 4).end('user'))
    .start();
  const load = new Load(`${gw.url}/1`, { clients: CLIENTS, pace: 5 });
  const up = () => gw.metric('breakwater_cache_backend_up');
  const hits = () => gw.metric('breakwater_cache_requests_total{route="users",result="hit"}');
  const moreHits = async () => {
    const before = await hits();
    await until('Redis answers', async () => (await hits()) > before + 20);
  };
  await moreHits();
  return { redis, gw, load, up, moreHits };
}

const USER = '200 user';

describeWithRedis('a frozen Redis', () => {
  it('delays a request once, although rate limits and the cache ask it', async () => {
    const redis = await RedisServer.start();
    const gw = await gateway(`
      redis: { url: "${redis.url}", commandTimeout: 1s }
      server: { rateLimit: { requests: 100, per: 1m } }
      upstreams: { users: { url: "\${USERS_URL}" } }
      routes: [{ id: users, match: { path: /** }, upstream: users, rateLimit: { requests: 100, per: 1m }, cache: {} }]
    `)
      .withUpstream('users', (_, res) => void res.end('user'))
      .start();
    await (await gw.fetch('/1')).text();
    redis.signal('SIGSTOP');
    const startedAt = performance.now();
    expect((await gw.fetch('/2')).status).toBe(200);
    const elapsed = performance.now() - startedAt;
    redis.signal('SIGCONT');
    expect(elapsed).toBeGreaterThan(900);
    expect(elapsed).toBeLessThan(1_900);
  });
});

describeWithRedis('Redis under load', () => {
  it(
    'can be killed without any client noticing and is used again after a restart',
    { timeout: 60_000 },
    async () => {
      const { redis, gw, load, up, moreHits } = await start();
      const outage = load.fromNow();
      await redis.kill();
      await until('it is noticed', async () => (await up()) === 0);
      const away = load.fromNow();
      await until('many were answered without it', () => away.total > 100);
      expect((await gw.fetch('/health/ready')).status).toBe(200);
      await redis.startAgain();
      await until('it is back', async () => (await up()) === 1, 5_000);
      await moreHits();
      await load.stop();
      expect([...new Set([...outage.answers, ...away.answers])]).toEqual([USER]);
    },
  );

  it(
    'can freeze, delaying each client once at most, and is used again afterwards',
    { timeout: 60_000 },
    async () => {
      const { redis, load, up, moreHits } = await start();
      const frozen = load.fromNow();
      redis.signal('SIGSTOP');
      await until('it is noticed', async () => (await up()) === 0);
      await until('many were answered without it', () => frozen.total > 200);
      // Each client waits once, and once more if it started just before the outage was noticed.
      expect(frozen.countSlow(TIMEOUT_MS * 0.9)).toBeLessThanOrEqual(2 * CLIENTS);
      redis.signal('SIGCONT');
      await until('it is back', async () => (await up()) === 1, 5_000);
      await moreHits();
      await load.stop();
      expect(frozen.answers).toEqual([USER]);
    },
  );
});

import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

const start = (url: string) => gateway(`redis: { url: "${url}" }`).start();

describeWithRedis('Redis that becomes unavailable', () => {
  it('degrades /health and a metric but not readiness, and recovers', async () => {
    const redis = await RedisServer.start();
    const gw = await start(redis.url);
    const health = async () => (await gw.management('/health')).json();
    const up = () => gw.metric('breakwater_cache_backend_up');
    await until('it is connected', async () => (await up()) === 1);
    expect(await health()).toMatchObject({ status: 'ok', details: { redis: { status: 'up' } } });

    await redis.kill();
    await until('it is noticed', async () => (await up()) === 0);
    const response = await gw.management('/health');
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      status: 'degraded',
      details: { redis: { status: 'degraded' } },
    });
    expect(text).not.toContain(String(redis.port));
    expect((await gw.fetch('/health/ready')).status).toBe(200);
    expect((await gw.fetch('/health/live')).status).toBe(200);

    await redis.startAgain();
    await until('it is back', async () => (await up()) === 1);
    expect(await health()).toMatchObject({ status: 'ok' });
  });

  it('can be unavailable at start', async () => {
    const redis = await RedisServer.start();
    await redis.kill();
    const gw = await start(redis.url);
    expect((await gw.fetch('/health/ready')).status).toBe(200);
    expect(await (await gw.management('/health')).json()).toMatchObject({
      status: 'degraded',
      details: { redis: { status: 'degraded', reason: 'ECONNREFUSED' } },
    });
  });

  it.each([
    ['a database that the server lacks', '/15', ['--databases', '4'], 'DB index is out of range'],
    [
      'a user who may not select it',
      '/1',
      ['--user', 'default', 'on', 'nopass', '~*', '&*', '+@all', '-select'],
      'NOPERM',
    ],
  ])('is unavailable with %s, and no other database is written', async (_, path, args, reason) => {
    const redis = await RedisServer.start(...args);
    const gw = await gateway(`
      redis: { url: "${redis.url}${path}" }
      upstreams: { users: { url: "\${USERS_URL}" } }
      routes: [{ id: users, match: { path: /** }, upstream: users, cache: { ttl: 1m } }]`)
      .withUpstream('users', (_req, res) => res.end('hi'))
      .start();
    expect(await (await gw.fetch('/1')).text()).toBe('hi');
    expect(await (await gw.management('/health')).json()).toMatchObject({
      status: 'degraded',
      details: { redis: { status: 'degraded', reason: expect.stringContaining(reason) } },
    });
    expect(await redis.client().dbsize()).toBe(0);
  });

  it('accepts a password that is not part of the URL', async () => {
    const redis = await RedisServer.start('--requirepass', 'a/b@c%#');
    const gw = await gateway(`redis: { url: "${redis.url}", password: "a/b@c%#" }`).start();
    expect(await (await gw.management('/health')).json()).toMatchObject({
      details: { redis: { status: 'up' } },
    });
  });

  it('has no metric and no health entry when it is not configured', async () => {
    const gw = await start('');
    expect(await (await gw.management('/health')).json()).toMatchObject({ status: 'ok', details: {} });
    expect(await (await gw.management('/metrics')).text()).not.toMatch(/^breakwater_cache_backend_up/m);
  });
});

it('reports Redis in /health beside an upstream of the same name', async () => {
  const gw = await gateway(`
    redis: { url: "redis://127.0.0.1:1" }
    upstreams: { redis: { url: "http://127.0.0.1:1" }, gateway-redis: { url: "http://127.0.0.1:1" } }
    routes: [{ id: all, match: { path: /** }, upstream: redis }]
  `).start();
  expect(await (await gw.management('/health')).json()).toMatchObject({
    status: 'degraded',
    details: {
      redis: { breaker: 'closed' },
      'gateway-redis': { breaker: 'closed' },
      'gateway-gateway-redis': { status: 'degraded', reason: 'ECONNREFUSED' },
    },
  });
});

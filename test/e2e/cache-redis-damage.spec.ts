import { expect, it } from 'vitest';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { twoReplicas } from '../support/replicas.js';
import { bearer } from '../support/tokens.js';
import { until } from '../support/until.js';

async function start(...args: string[]) {
  return twoReplicas(await RedisServer.start(...args), (_, req) => ({
    body: `${req.url} ${String(req.headers['x-user-id'])}`,
  }));
}

describeWithRedis('a damaged entry in Redis', () => {
  it.each(['garbage', '', '{"status":200}', '\u0001'.repeat(100)])('is replaced: %j', async (garbage) => {
    const { a, b, client, entries, stored } = await start();
    await a.get();
    await stored();
    const [entry = ''] = await entries();
    await client.set(entry, garbage, 'PX', 60_000);
    expect(await b.get()).toMatchObject({ status: 200, body: '/1 undefined', how: 'fwd=uri-miss' });
    await until('it is a new one', async () => (await client.get(entry))?.startsWith('"2:') === true);
    expect(await b.gw.metric('breakwater_cache_corrupt_total')).toBe(1);
  });

  it('is replaced when it is a list', async () => {
    const { a, b, client, entries, stored } = await start();
    await a.get();
    await stored();
    const [entry = ''] = await entries();
    await client.del(entry);
    await client.rpush(entry, 'a');
    expect(await b.get()).toMatchObject({ status: 200, body: '/1 undefined' });
  });

  it('is not used for another user', async () => {
    const { a, b, client, entries, stored } = await start();
    await a.get('/mine/1', bearer({ sub: 'alice' }));
    await stored();
    const [alices = ''] = await entries();
    await a.get('/mine/1', bearer({ sub: 'bob' }));
    await stored(2);
    const bobs = (await entries()).find((each) => each !== alices) ?? '';
    await client.copy(alices, bobs, 'REPLACE');
    expect((await b.get('/mine/1', bearer({ sub: 'bob' }))).body).toBe('/mine/1 bob');
  });

  it('is not needed after FLUSHALL', async () => {
    const { a, b, client, stored } = await start();
    await a.get();
    await stored();
    await client.flushall();
    expect((await b.get()).how).toBe('fwd=uri-miss');
    expect((await a.get()).how).toBe('hit');
    // Redis is used again once its data loss was noticed.
    await until('it is used again', async () => {
      await b.get(`/${Math.random()}`);
      return (await client.keys('breakwater:c:*')).length > 0;
    });
  });

  it('can be missing while its generation remains, and vice versa', async () => {
    const { a, b, client, stored } = await start();
    await a.get();
    await stored();
    await client.del(...(await client.keys('breakwater:g:*')));
    expect((await b.get()).how).toBe('fwd=uri-miss');
  });
});

describeWithRedis('a full Redis', () => {
  it('rejects writes, still serves reads and is reported by a metric', async () => {
    const { a, b, client, stored } = await start('--maxmemory-policy', 'noeviction');
    await a.get();
    await stored();
    await client.config('SET', 'maxmemory', '1mb');
    for (let i = 2; i < 6; i++) {
      expect(await a.get(`/${i}`)).toMatchObject({ status: 200, how: 'fwd=uri-miss' });
      expect(await a.get(`/${i}`)).toMatchObject({ status: 200, how: 'hit' });
    }
    expect(await b.get()).toMatchObject({ status: 200, how: 'hit' });
    await until(
      'it is counted',
      async () => (await a.gw.metric('breakwater_redis_failures_total{reason="full"}')) > 0,
    );
    expect(await a.gw.metric('breakwater_cache_backend_up')).toBe(1);
    // It recovers by itself.
    await client.config('SET', 'maxmemory', '0');
    await a.get('/6');
    await stored(2);
  });
});

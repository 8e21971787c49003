import { expect, it } from 'vitest';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { type Replica, replicas } from '../support/replicas.js';
import { until } from '../support/until.js';

const TAGGED = { 'cache-control': 'max-age=60', 'surrogate-key': 'one two' };

const THIRD = { ...TAGGED, 'surrogate-key': 'three' };

/** A third gateway has an empty memory and shows what Redis holds. */
async function start(
  answer: Parameters<typeof replicas>[0] = (_, { url }) => ({ headers: url === '/1' ? TAGGED : THIRD }),
) {
  const redis = await RedisServer.start();
  const yaml = `{ url: "${redis.url}", commandTimeout: 5s }`;
  const { all, seen } = await replicas(answer, { redis: yaml, count: 3 });
  const [a, b, c] = all;
  if (!a || !b || !c) throw new Error('three replicas');
  const client = redis.client();
  const stored = () => until('it is in Redis', async () => (await client.keys('breakwater:c:*')).length > 0);
  /** Stores responses in the memory of `a` and of `b`. */
  const fill = async () => {
    await a.get();
    await stored();
    expect((await b.get()).how).toBe('hit');
  };
  /** Removes everything but the memory of the gateways. */
  const emptyRedis = async () => void (await client.del(...(await client.keys('breakwater:c:*'))));
  return { redis, client, a, b, c, seen, stored, fill, emptyRedis };
}

/** Looks in memory and Redis only, since `only-if-cached` forbids an upstream call. */
const has = async ({ get }: Replica, path = '/1') =>
  (await get(path, { 'cache-control': 'only-if-cached' })).status === 200;
const hasNot = (replica: Replica) => until('it is dropped', async () => !(await has(replica)));

describeWithRedis('an entry that is invalidated on one gateway', () => {
  it.each([
    ['a purge of a tag', '?tag=two'],
    ['a purge of the route', '?route=all'],
    ['a purge of the URL', `?url=${encodeURIComponent('http://api.test/1')}`],
    ['a purge of everything', '?all=true'],
  ])('is invalid on all of them: %s', async (_, query) => {
    const { a, b, c, fill } = await start();
    await fill();
    expect(await a.purge(query)).toBe(1);
    expect(await has(a)).toBe(false);
    await hasNot(b);
    expect((await c.get()).body).toBe('2');
  });

  it('is invalid on all of them after a purge of its key alone', async () => {
    const { a, b, c, fill } = await start();
    await fill();
    await a.get('/1?again');
    const key = await keyOf(a, 'http://api.test/1');
    expect(await a.purge(`?key=${encodeURIComponent(key)}`)).toBe(1);
    expect(await has(a)).toBe(false);
    await hasNot(b);
    expect((await c.get()).how).toBe('fwd=uri-miss');
    expect((await c.get('/1?again')).how).toBe('hit');
  });

  it('stays valid when another entry is purged', async () => {
    const { a, b, c, fill } = await start();
    await fill();
    await c.get('/3');
    await a.purge('?tag=three&route=mine&url=http%3A%2F%2Fapi.test%2F2');
    await until('the others know', async () => !(await has(c, '/3')));
    expect([await has(a), await has(b)]).toEqual([true, true]);
    expect(await c.get()).toMatchObject({ body: '1', how: 'hit' });
  });

  it('is invalid on all of them after a POST to its URL', async () => {
    const { a, b, c, fill } = await start();
    await fill();
    expect(await a.send('POST', '/1')).toBe(200);
    expect(await has(a)).toBe(false);
    await hasNot(b);
    expect((await c.get()).how).toBe('fwd=uri-miss');
  });

  it('is removed by others although this one has no copy', async () => {
    const { b, c, fill } = await start();
    await fill();
    expect(await c.purge('?tag=one')).toBe(0);
    await hasNot(b);
  });

  it.each([
    ['changed', (other: Replica) => other.send('POST', '/1')],
    ['purged by tag', (other: Replica) => other.purge('?tag=one')],
    ['purged by route', (other: Replica) => other.purge('?route=all')],
    ['purged with everything', (other: Replica) => other.purge('?all=true')],
  ])('is not stored by any when it was in flight while it was %s', async (_, voids) => {
    let answer = () => {};
    const { a, b, c, seen, client } = await start(async (n) => {
      if (n === 1) await new Promise<void>((resolve) => (answer = resolve));
      return { headers: TAGGED };
    });
    const early = a.get();
    await until('the upstream is asked', () => seen.length === 1);
    await voids(b);
    await until('it is told', async () => Number(await client.hget('breakwater:purges', 'count')) > 0);
    answer();
    expect((await early).body).toBe('1');
    expect((await c.get()).body).not.toBe('1');
    expect((await b.get()).body).not.toBe('1');
  });

  it('is invalid for a gateway that was disconnected from Redis', async () => {
    const { a, b, client, fill, emptyRedis } = await start();
    await fill();
    await emptyRedis();
    // Simulates a purge message that was lost.
    await client.hincrby('breakwater:purges', 'count', 1);
    await client.client('KILL', 'TYPE', 'pubsub');
    await hasNot(a);
    await hasNot(b);
    expect([await has(a), await has(b)]).toEqual([false, false]);
  });

  it('is invalid on all of them after a purge that exceeds the limit of kept purges', async () => {
    const { a, b, c, client, fill } = await start();
    await fill();
    await a.purge('?tag=unused');
    const state = () => client.hmget('breakwater:purges', 'epoch', 'count');
    await until('it is published', async () => (await state())[1] === '1');
    const [epoch] = await state();
    const fields = Array.from({ length: 100_001 }, (_, i) => [`field-${i}`, 'x']).flat();
    for (let i = 0; i < fields.length; i += 20_000)
      await client.hset('breakwater:purges', ...fields.slice(i, i + 20_000));
    await a.purge('?tag=three');
    await hasNot(b);
    expect((await c.get()).body).toBe('2');
    expect(await client.hlen('breakwater:purges')).toBeLessThan(10);
    // By these, a gateway finds out after a disconnection that it has missed purges.
    expect(await state()).toEqual([epoch, '2']);
  });

  it('stays in memory after a disconnection without a purge', async () => {
    const { a, b, c, client, fill, emptyRedis } = await start();
    await fill();
    await emptyRedis();
    const ids = async () =>
      [...String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).matchAll(/^id=\d+/gm)].join();
    const before = await ids();
    await client.client('KILL', 'TYPE', 'pubsub');
    await until('all are back', async () => {
      const now = (await ids()).split(',');
      return now.length === 3 && now.every((id) => !before.split(',').includes(id));
    });
    // Each reads this from Redis after the state of the purges, so that none takes the next purge for one it missed.
    for (const { get } of [a, b, c]) await get('/3');
    await a.send('POST', '/other');
    expect([await has(a), await has(b)]).toEqual([true, true]);
  });

  it('is not read from Redis when it was invalidated during an outage', async () => {
    const { redis, a, b, c, fill } = await start();
    await fill();
    redis.signal('SIGSTOP');
    await a.send('POST', '/1');
    expect(await has(a)).toBe(false);
    redis.signal('SIGCONT');
    await hasNot(b);
    expect((await c.get()).body).not.toBe('1');
    expect((await a.get()).body).not.toBe('1');
  });

  it('is not affected by unknown messages on the channel', async () => {
    const { a, b, client, fill } = await start();
    await fill();
    for (const message of ['garbage', '[]', '{"a":1}', '[1,2,3,4]', '["x",-1,"t:none",true]', '\u0000']) {
      await client.publish('breakwater:cache', message);
    }
    expect(await has(b)).toBe(true);
    await a.purge('?tag=one');
    await hasNot(b);
  });
});

async function keyOf({ gw }: Replica, url: string): Promise<string> {
  const response = await gw.management(`/admin/cache/entries?url=${encodeURIComponent(url)}`);
  const { entries } = (await response.json()) as { entries: { key: string }[] };
  return entries[0]?.key ?? '';
}

import { expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../test/support/redis.js';
import { ConfigStore } from '../config/config.store.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { limiterId, type LimitScope, RateLimiter } from './rate-limiter.js';
import { RedisBuckets } from './shared-buckets.js';

const SCOPE: LimitScope = { kind: 'route', name: 'api' };

async function start({ requests = 5, per = 3_600_000, burst = 0 } = {}) {
  const redis = await RedisServer.start();
  const config = configOf(`redis: { url: "${redis.url}", commandTimeout: 5s }`);
  const connection = new RedisConnection(new ConfigStore(config));
  onTestFinished(() => connection.onApplicationShutdown());
  await connection.onApplicationBootstrap();
  const limit = { requests, per, burst, key: 'ip', mode: 'enforce' } as const;
  const limiter = new RateLimiter(limiterId(SCOPE, limit), SCOPE, limit);
  const buckets = new RedisBuckets(connection);
  const client = redis.client();
  const stored = async () => {
    const [key = ''] = await client.keys('*');
    return { key, value: await client.get(key), life: await client.pttl(key) };
  };
  return { redis, client, take: (key = 'a') => buckets.take(limiter, key), stored };
}

describeWithRedis('RedisBuckets', () => {
  it('counts as a bucket in memory does', async () => {
    const { take } = await start({ burst: 2 });
    const taken = [];
    for (let i = 0; i < 9; i++) taken.push(await take());
    expect(taken.map((each) => each?.isAllowed)).toEqual([...Array<boolean>(7).fill(true), false, false]);
    expect(taken.map((each) => each?.tokens)).toEqual([6, 5, 4, 3, 2, 1, 0, 0, 0]);
    // The first token comes back an hour after the bucket was full, one interval after the refill goes on.
    for (const each of taken) {
      expect(each?.refillIn).toBeGreaterThan(3_600_000 * 0.8 - 60_000);
      expect(each?.refillIn).toBeLessThanOrEqual(3_600_000 * 0.8);
    }
    expect(await take('b')).toMatchObject({ isAllowed: true, tokens: 6 });
  });

  it('refills by the clock of Redis', async () => {
    const { client, take, stored } = await start({ requests: 10, per: 10_000 });
    await take();
    const { key } = await stored();
    const [seconds] = await client.time();
    // Two and a half intervals of a second ago.
    await client.set(key, `0:${Number(seconds) * 1_000 - 2_500}.000`);
    const next = await take();
    expect(next?.isAllowed).toBe(true);
    expect(next?.tokens).toBeGreaterThanOrEqual(1);
    expect(next?.refillIn).toBeLessThanOrEqual(0);
  });

  it('forgets a bucket when it is full again', async () => {
    const { take, stored } = await start();
    await take();
    const once = await stored();
    // One of five is missing, and comes back after the period.
    expect(once.life).toBeGreaterThan(3_500_000);
    expect(once.life).toBeLessThanOrEqual(3_600_000);
    for (let i = 0; i < 4; i++) await take();
    expect((await stored()).life).toBeGreaterThan(3_600_000 * 1.7);
  });

  it.each(['', 'nonsense', '-5:1.000', '1e9:1.000', '999999:1.000', '3:nan', '3:99999999999999999.000'])(
    'never lets more through because of the damaged value %j',
    async (damage) => {
      const { client, take, stored } = await start();
      await take();
      await client.set((await stored()).key, damage);
      let passed = 0;
      for (let i = 0; i < 9; i++) if ((await take())?.isAllowed) passed++;
      expect(passed).toBeLessThanOrEqual(5);
      expect(passed).toBeGreaterThanOrEqual(3);
    },
  );

  it('has no answer when the key belongs to something else', async () => {
    const { client, take, stored } = await start();
    await take();
    const { key } = await stored();
    await client.del(key);
    await client.rpush(key, 'list');
    expect(await take()).toBeUndefined();
  });
});

import { expect, it } from 'vitest';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { replicas } from '../support/replicas.js';
import { until } from '../support/until.js';

const STORED = { 'cache-control': 'max-age=60, stale-if-error=3600' };

describeWithRedis('an entry in memory when Redis has lost its data', () => {
  it('is revalidated before its next use, and replaces an error of the upstream', async () => {
    let isFailing = false;
    const redis = await RedisServer.start();
    const { all, seen } = await replicas(
      () => (isFailing ? { status: 503, headers: {} } : { headers: STORED }),
      { redis: `{ url: "${redis.url}", commandTimeout: 5s }`, count: 1 },
    );
    const [gw] = all;
    expect((await gw?.get())?.body).toBe('1');
    expect((await gw?.get())?.how).toBe('hit');
    const client = redis.client();
    await client.flushall();
    // It compares what it has heard of with what Redis has when it is connected again.
    await client.client('KILL', 'TYPE', 'pubsub');
    const isFresh = async () => (await gw?.get('/1', { 'cache-control': 'only-if-cached' }))?.status === 200;
    await until('it is no longer used', async () => !(await isFresh()));
    isFailing = true;
    expect(await gw?.get()).toMatchObject({ status: 200, body: '1' });
    isFailing = false;
    expect((await gw?.get())?.body).toBe(String(seen.length));
    expect((await gw?.get())?.how).toBe('hit');
  });
});

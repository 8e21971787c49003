import { expect, it } from 'vitest';
import { describeWithRedis, RedisServer } from '../../support/redis.js';
import { corruptRedis } from './redis-corruption.js';

describeWithRedis('corruptRedis', () => {
  it('overwrites every value and keeps its expiry', async () => {
    const redis = await RedisServer.start();
    const client = redis.client();
    await client.set('entry', 'good', 'EX', 100);
    await client.hset('hash', 'field', 'good');

    await corruptRedis(redis.port);

    expect(await client.get('entry')).toBe('this is no entry');
    expect(await client.ttl('entry')).toBeGreaterThan(0);
    expect(await client.get('hash')).toBe('this is no entry');
  });
});

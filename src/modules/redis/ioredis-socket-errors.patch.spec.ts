import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../test/support/redis.js';
import { redisClient, subscriberClient } from './redis-client.js';

describeWithRedis('a connection of ioredis', () => {
  it.each([
    ['to a server', redisClient, (url: string) => `url: "${url}"`],
    ['of a subscriber', subscriberClient, (url: string) => `url: "${url}"`],
    ['to a node of a cluster', subscriberClient, (url: string) => `cluster: ["${url}"]`],
  ])('%s survives a second socket error', async (_, make, at) => {
    const { url } = await RedisServer.start();
    const client = make(configOf(`redis: { ${at(url)} }`).redis);
    if (!(client instanceof Redis)) throw new TypeError('a single connection');
    client.on('error', () => {});
    await client.connect();
    const { stream } = client;
    stream.emit('error', new Error('first'));
    // Without a listener, this throws.
    expect(stream.emit('error', new Error('second'))).toBe(true);
    client.disconnect();
  });
});

import { Redis } from 'ioredis';

/** Overwrites every value in a Redis, of any type, with a text that the gateway never wrote. Expiry times stay. */
export async function corruptRedis(port: number): Promise<void> {
  const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    for (const key of await redis.keys('*')) {
      await redis.set(key, 'this is no entry', 'KEEPTTL', 'XX');
    }
  } finally {
    redis.disconnect();
  }
}

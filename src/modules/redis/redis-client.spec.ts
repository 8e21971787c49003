import { Cluster, Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { reconnectPause, redisClient } from './redis-client.js';

function clientOf(redis: string) {
  const client = redisClient(configOf(`redis: ${redis}`).redis);
  onTestFinished(() => client?.disconnect());
  return client;
}

function optionsOf(redis: string): Redis['options'] {
  const client = clientOf(redis);
  if (!(client instanceof Redis)) throw new TypeError('a single server');
  return client.options;
}

describe('redisClient', () => {
  it('is undefined without an address', () => {
    expect(clientOf('{}')).toBeUndefined();
  });

  it.each([
    ['{ url: "redis://cache" }', { host: 'cache', port: 6379, db: 0 }],
    [
      '{ url: "redis://me:p%40ss@[::1]:7000/3" }',
      { host: '::1', port: 7000, db: 3, username: 'me', password: 'p@ss' },
    ],
    [
      '{ sentinel: { name: main, nodes: ["redis://:s@one", "redis://two:7"], username: u, password: p, database: 2 } }',
      {
        name: 'main',
        sentinels: [
          { host: 'one', port: 26_379 },
          { host: 'two', port: 7 },
        ],
        sentinelPassword: 's',
        username: 'u',
        password: 'p',
        db: 2,
      },
    ],
    ['{ url: "rediss://cache" }', { tls: { rejectUnauthorized: true } }],
    [
      '{ url: "rediss://cache", tls: { serverName: a.test } }',
      { tls: { servername: 'a.test', rejectUnauthorized: true } },
    ],
  ])('connects as %s says', (redis, options) => {
    expect(optionsOf(redis)).toMatchObject(options);
  });

  it('uses TLS only when the URL says so', () => {
    expect(optionsOf('{ url: "redis://cache" }').tls).toBeUndefined();
  });

  it('makes a cluster client for a list of nodes', () => {
    expect(clientOf('{ cluster: ["redis://a", "redis://b"] }')).toBeInstanceOf(Cluster);
  });
});

describe('reconnectPause', () => {
  it('stays between 20 ms and about 2 s', () => {
    for (const attempt of [0, 1, 2, 10, 1_000]) {
      expect(reconnectPause(attempt)).toBeGreaterThanOrEqual(20);
      expect(reconnectPause(attempt)).toBeLessThanOrEqual(2_020);
    }
  });
});

import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { closedPort } from '../../../test/support/closed-port.js';
import { configOf, listen } from '../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../test/support/redis.js';
import { until } from '../../../test/support/until.js';
import { ConfigStore } from '../config/config.store.js';
import { type RedisChange, RedisConnection } from './redis.connection.js';
import type { RedisFailure } from './redis-failure.js';

async function connect(url: string, more = '') {
  const config = configOf(`redis: { url: "${url}", commandTimeout: 100ms, connectTimeout: 1s, ${more} }`);
  const redis = new RedisConnection(new ConfigStore(config));
  const changes: RedisChange[] = [];
  const failures: RedisFailure[] = [];
  redis.changed.on((change) => changes.push(change));
  redis.failed.on((failure) => failures.push(failure));
  onTestFinished(() => redis.onApplicationShutdown());
  await redis.onApplicationBootstrap();
  return { redis, changes, failures, get: () => redis.run((client) => client.get('key')) };
}

const toRedis = (url: string) => url.replace('http:', 'redis:');

describeWithRedis('RedisConnection', () => {
  it('adds the prefix, and returns null for a key that does not exist', async () => {
    const server = await RedisServer.start();
    const { redis, get } = await connect(server.url, 'keyPrefix: "mine:"');
    expect(await get()).toBeNull();
    expect(await redis.run((client) => client.set('key', 'value', 'PX', 60_000, 'NX'))).toBe('OK');
    expect(await redis.run((client) => client.set('key', 'value', 'PX', 60_000, 'NX'))).toBeNull();
    expect(await server.client().get('mine:key')).toBe('value');
  });

  it('returns undefined without a configuration', async () => {
    const { redis, get } = await connect('');
    expect([redis.isConfigured, redis.isUp, await get()]).toEqual([false, false, undefined]);
  });

  it('is down while there is no server, and up once there is one', async () => {
    const server = await RedisServer.start();
    await server.kill();
    const { redis, get, changes } = await connect(server.url);
    expect([redis.isUp, redis.reason, await get()]).toEqual([false, 'ECONNREFUSED', undefined]);
    await server.startAgain();
    await until('it is up', () => redis.isUp, 5_000);
    expect(await get()).toBeNull();
    expect(changes).toEqual([{ up: false, reason: 'ECONNREFUSED' }, { up: true }]);
  });

  it('notices at once that the server was killed, and reconnects to a new one', async () => {
    const server = await RedisServer.start();
    const { redis, get, changes } = await connect(server.url);
    await server.kill();
    await until('it is down', () => !redis.isUp);
    expect(await get()).toBeUndefined();
    await server.startAgain();
    await until('it is up', () => redis.isUp, 5_000);
    expect(await get()).toBeNull();
    expect(changes.map(({ up }) => up)).toEqual([true, false, true]);
  });

  it('sends no more commands after three timeouts of a frozen server', async () => {
    const server = await RedisServer.start();
    const { redis, get, failures, changes } = await connect(server.url);
    server.signal('SIGSTOP');
    for (let i = 0; i < 10; i++) expect(await get()).toBeUndefined();
    expect(failures).toEqual(['timeout', 'timeout', 'timeout']);
    expect(changes.at(-1)).toEqual({ up: false, reason: 'timeout' });
    server.signal('SIGCONT');
    await until('it is up', () => redis.isUp, 5_000);
    expect(await get()).toBeNull();
  });

  it('takes the answers that came while this process stood still for longer than the timeout', async () => {
    const server = await RedisServer.start();
    const { get, failures, changes } = await connect(server.url);
    const values = Promise.all([get(), get(), get()]);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    expect(await values).toEqual([null, null, null]);
    expect([failures, changes]).toEqual([[], [{ up: true }]]);
  });

  it('stays up when the server is full and rejects writes', async () => {
    const server = await RedisServer.start('--maxmemory', '1', '--maxmemory-policy', 'noeviction');
    const { redis, get, failures } = await connect(server.url);
    for (let i = 0; i < 5; i++) {
      expect(await redis.run((client) => client.set('key', 'value'))).toBeUndefined();
    }
    expect(await get()).toBeNull();
    expect(redis.isUp).toBe(true);
    expect(failures).toEqual(Array(5).fill('full'));
  });

  it('reports a wrong password without revealing it', async () => {
    const server = await RedisServer.start('--requirepass', 'right');
    const { redis, changes } = await connect(server.url.replace('//', '//:wrong@'));
    await until('the reason is known', () => redis.reason === 'WRONGPASS' || redis.reason === 'NOAUTH');
    expect(JSON.stringify(changes)).not.toContain('wrong');
    const right = await connect(server.url.replace('//', '//:right@'));
    expect(await right.get()).toBeNull();
  });

  it('is down when the peer does not speak the protocol of Redis', async () => {
    const talker = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write('\u0000$-7\r\nHTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    const { redis, get } = await connect(toRedis(await listen(talker)));
    expect([redis.isUp, await get()]).toEqual([false, undefined]);
    const silent = await connect(
      toRedis(await listen(createServer((socket) => void socket.on('error', () => {})))),
    );
    expect([silent.redis.isUp, await silent.get()]).toEqual([false, undefined]);
    const closed = await connect(toRedis(await closedPort()));
    expect([closed.redis.isUp, await closed.get()]).toEqual([false, undefined]);
  });
});

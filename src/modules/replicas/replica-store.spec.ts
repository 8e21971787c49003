import { expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../test/support/redis.js';
import { until } from '../../../test/support/until.js';
import { ConfigStore } from '../config/config.store.js';
import { RedisConnection } from '../redis/redis.connection.js';
import type { Vote } from './quorum.js';
import { parseMessage, ReplicaStore } from './replica-store.js';

const NOBODY = new Map<string, Vote>();
const VOTE = { age: 2_000, openFor: 60_000 };

async function start() {
  const server = await RedisServer.start();
  const config = configOf(`redis: { url: "${server.url}", connectTimeout: 10s, commandTimeout: 5s }`);
  const redis = new RedisConnection(new ConfigStore(config));
  onTestFinished(() => redis.onApplicationShutdown());
  await redis.onApplicationBootstrap();
  const client = server.client();
  const messages: unknown[] = [];
  const subscriber = server.client();
  subscriber.on('message', (_channel, message) => messages.push(parseMessage(message)));
  await subscriber.subscribe('breakwater:replicas');
  const store = () => new ReplicaStore(redis);
  return { server, client, messages, a: store(), b: store() };
}

describeWithRedis('ReplicaStore', () => {
  it('tells each replica how many there are, and how the others vote', async () => {
    const { a, b } = await start();
    expect(await a.exchange(new Map([['users', VOTE]]), false)).toEqual({ live: 1, votes: new Map() });
    const seen = await b.exchange(NOBODY, false);
    expect([seen?.live, [...(seen?.votes.keys() ?? [])]]).toEqual([2, ['users']]);
    const [vote] = seen?.votes.get('users') ?? [];
    const passed = (vote?.age ?? 0) - VOTE.age;
    expect(passed).toBeGreaterThanOrEqual(0);
    expect(vote?.openFor).toBe(VOTE.openFor - passed);
  });

  it('forgets a vote that is withdrawn, and one whose time is over', async () => {
    const { a, b } = await start();
    const isVoting = async () => ((await b.exchange(NOBODY, false))?.votes.size ?? 0) > 0;
    await a.exchange(new Map([['users', VOTE]]), false);
    expect(await isVoting()).toBe(true);
    await a.exchange(NOBODY, false);
    expect(await isVoting()).toBe(false);
    await a.exchange(new Map([['users', { age: 0, openFor: 1 }]]), false);
    await until('it is over', async () => !(await isVoting()));
  });

  it('forgets a replica that gave no sign of life, with its votes', async () => {
    const { a, b, client } = await start();
    await a.exchange(new Map([['users', VOTE]]), false);
    await client.zadd('breakwater:{replicas}:live', Date.now() - 5_001, a.id);
    expect(await b.exchange(NOBODY, false)).toEqual({ live: 1, votes: new Map() });
    expect(await client.hkeys('breakwater:{replicas}:votes')).toEqual([]);
  });

  it('forgets replicas from before the clock of Redis was set back', async () => {
    const { a, b, client } = await start();
    await a.exchange(new Map([['users', VOTE]]), false);
    await client.zadd('breakwater:{replicas}:live', Date.now() + 60_000, a.id);
    expect((await b.exchange(NOBODY, false))?.live).toBe(1);
  });

  it('forgets a replica that leaves', async () => {
    const { a, b } = await start();
    await a.exchange(new Map([['users', VOTE]]), false);
    await a.leave();
    expect(await b.exchange(NOBODY, false)).toEqual({ live: 1, votes: new Map() });
  });

  it('leaves nothing behind when all replicas are gone', async () => {
    const { a, client } = await start();
    await a.exchange(new Map([['users', VOTE]]), false);
    for (const key of await client.keys('*')) {
      const left = await client.pttl(key);
      expect([key, left > 0 && left <= 5_000]).toEqual([key, true]);
    }
  });

  it('ignores what another version or tool wrote', async () => {
    const { a, b, client } = await start();
    const votes = 'breakwater:{replicas}:votes';
    await a.exchange(new Map([['users', VOTE]]), false);
    for (const text of ['', 'x', '[]', '[1,[["users"]]]', `[${Date.now()},{"users":1}]`]) {
      await client.hset(votes, a.id, text);
      expect(await b.exchange(NOBODY, false)).toEqual({ live: 2, votes: new Map() });
    }
    for (const text of ['', '{}', '{"kind":"trial","from":"a"}', '[]'])
      expect(parseMessage(text)).toBeUndefined();
  });

  it('publishes news of votes', async () => {
    const { a, messages } = await start();
    await a.exchange(NOBODY, false);
    await a.exchange(NOBODY, true);
    await until('it is published', () => messages.length > 0);
    expect(messages).toEqual([{ kind: 'votes', from: a.id }]);
  });

  it('gives a lease to one replica at a time, and its result to all', async () => {
    const { a, b, messages } = await start();
    const [first, second] = [a.newToken(), b.newToken()];
    expect(await a.take('users', first, 60_000)).toBe(0);
    expect(await b.take('orders', b.newToken(), 60_000)).toBe(0);
    const remaining = await b.take('users', second, 60_000);
    expect(remaining).toBeGreaterThan(0);
    expect(remaining).toBeLessThanOrEqual(60_000);
    await a.end('users', first, false);
    expect(await b.take('users', second, 60_000)).toBe(0);
    await b.end('users', second);
    await a.take('users', first, 60_000);
    await a.end('users', first, true);
    await until('both are published', () => messages.length > 1);
    const result = { kind: 'trial', from: a.id, upstream: 'users' };
    expect(messages).toEqual([
      { ...result, passed: false },
      { ...result, passed: true },
    ]);
  });

  it('sets for how long the holder keeps the lease, and tells the others', async () => {
    const { a, b, messages } = await start();
    const token = a.newToken();
    await a.take('users', token, 10_000);
    expect(await a.take('users', token, 59_999.4, true)).toBe(0);
    expect(await b.remaining('users')).toBeGreaterThan(10_000);
    await b.take('users', b.newToken(), 1_000, true);
    expect(await b.remaining('orders')).toBe(0);
    await until('it is published', () => messages.length > 0);
    expect(messages).toEqual([{ kind: 'lease', from: a.id, upstream: 'users', ms: 60_000 }]);
  });

  it('neither extends nor ends a lease that another replica has by now, nor publishes for it', async () => {
    const { a, b, client, messages } = await start();
    const [stale, current] = [a.newToken(), b.newToken()];
    await a.take('users', stale, 60_000);
    await client.del('breakwater:trial:users');
    await b.take('users', current, 60_000);
    expect(await a.take('users', stale, 600_000, true)).toBeGreaterThan(0);
    await a.end('users', stale, true);
    expect(await client.get('breakwater:trial:users')).toBe(current);
    expect(await client.pttl('breakwater:trial:users')).toBeLessThanOrEqual(60_000);
    await b.end('users', current, false);
    await until('it is published', () => messages.length > 0);
    expect(messages).toEqual([{ kind: 'trial', from: b.id, upstream: 'users', passed: false }]);
  });

  it('has no answer while Redis is away', async () => {
    const { a, server } = await start();
    await server.kill();
    expect(await a.exchange(NOBODY, true)).toBeUndefined();
    expect(await a.take('users', a.newToken(), 1_000)).toBeUndefined();
    expect(await a.remaining('users')).toBeUndefined();
    await a.end('users', 'x', true);
  });
});

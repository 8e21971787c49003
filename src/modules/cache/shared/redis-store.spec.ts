import { expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../../test/support/redis.js';
import { until } from '../../../../test/support/until.js';
import { systemClock } from '../../../common/clock.js';
import { ConfigStore } from '../../config/config.store.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import { RedisSubscriber } from '../../redis/redis.subscriber.js';
import {
  type CacheEntry,
  keyScope,
  resourceScope,
  routeScope,
  type Slot,
  tagScope,
  type VariantIndex,
} from '../cache-entry.js';
import { RedisStore } from './redis-store.js';
import { InvalidationChannel } from './invalidation-channel.js';

const part = (text: string) => `${text.length}:${text}`;
const keyOf = (user: string) => ['users', 'a.test', user, '', '/1'].map(part).join('');
const KEY = keyOf('alice');
const VARIANT = `${'v'.repeat(43)} ${KEY}`;
const RESOURCE = { origin: 'a.test', target: '/1' };
const SCOPES = [routeScope('users'), resourceScope(RESOURCE)];
const entry: CacheEntry = {
  kind: 'response',
  status: 200,
  headers: {},
  body: new Uint8Array([1]),
  bytes: 1_025,
  scopes: [...SCOPES, tagScope('one')],
  storedAt: 0,
  keepFor: 60_000,
  initialAge: 0,
  lifetime: 60_000,
  isForAll: false,
  noCache: false,
  mustRevalidate: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
};

async function start() {
  const server = await RedisServer.start();
  const config = new ConfigStore(configOf(`redis: { url: "${server.url}", commandTimeout: 5s }`));
  const connection = new RedisConnection(config);
  const subscriber = new RedisSubscriber(config);
  let passed = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + passed };
  const store = new RedisStore(connection, clock);
  const channel = new InvalidationChannel(connection, subscriber, store);
  onTestFinished(async () => {
    channel.onApplicationShutdown();
    subscriber.onApplicationShutdown();
    await connection.onApplicationShutdown();
  });
  await connection.onApplicationBootstrap();
  await channel.onApplicationBootstrap();
  const read = async (key = KEY) => {
    const found = await store.read(key, () => VARIANT);
    return { slot: found?.slots.at(-1)?.[1], generations: found?.generations };
  };
  const has = async (key = KEY) => (await read(key)).slot !== undefined;
  const ask = async (key = KEY) => (await read(key)).generations;
  type Asked = Awaited<ReturnType<typeof ask>>;
  const answer = async (generations: Asked, key = KEY, slot: Slot = entry) => {
    if (generations) await store.write(key, slot, generations);
  };
  const invalidate = async (scope: string, isPurge = true) => {
    channel.publish({ scope, isPurge });
    await until('it is published', () => channel.isPublished(RESOURCE));
  };
  await until('Redis can be read', ask);
  return {
    server,
    store,
    channel,
    read,
    has,
    ask,
    answer,
    invalidate,
    later: (ms: number) => (passed += ms),
  };
}

const INVALIDATIONS = [
  ['its resource was invalidated', resourceScope(RESOURCE), false],
  ['its resource was purged', resourceScope(RESOURCE), true],
  ['its route was purged', routeScope('users'), true],
  ['its key was purged', keyScope(KEY), true],
  ['one of its tags was purged', tagScope('one'), true],
  ['everything was purged', '*', true],
] as const;

describeWithRedis('RedisStore', () => {
  it('reads what was written', async () => {
    const { ask, answer, read } = await start();
    await answer(await ask());
    expect((await read()).slot).toMatchObject({ status: 200, body: entry.body, scopes: entry.scopes });
  });

  it.each(INVALIDATIONS)('does not read an entry once %s', async (_, scope, isPurge) => {
    const { ask, answer, has, invalidate } = await start();
    await answer(await ask());
    await invalidate(scope, isPurge);
    expect(await has()).toBe(false);
    await answer(await ask());
    expect(await has()).toBe(true);
  });

  it.each(INVALIDATIONS)('does not read an entry that was under way when %s', async (_, scope, isPurge) => {
    const { ask, answer, has, invalidate } = await start();
    const first = await ask();
    await invalidate(scope, isPurge);
    await answer(first);
    expect(await has()).toBe(false);
    // The same holds when an entry existed before.
    const second = await ask();
    await answer(second);
    await invalidate(scope, isPurge);
    await answer(second);
    expect(await has()).toBe(false);
  });

  it('reads an entry after purges of other routes, tags and resources', async () => {
    const { ask, answer, has, invalidate } = await start();
    await answer(await ask());
    await invalidate(routeScope('orders'));
    await invalidate(tagScope('two'));
    await invalidate(resourceScope({ ...RESOURCE, target: '/2' }));
    expect(await has()).toBe(true);
  });

  it('reads the index of variants, and then the variant', async () => {
    const { ask, answer, read, store } = await start();
    const generations = await ask();
    const { headers: _, body: _body, ...rest } = entry;
    const index: VariantIndex = {
      ...rest,
      kind: 'variants',
      fields: ['accept'],
      scopes: SCOPES,
    };
    await answer(generations, KEY, index);
    expect((await read()).slot?.kind).toBe('variants');
    await answer(generations, VARIANT);
    const found = await store.read(KEY, ({ fields }) => (fields[0] === 'accept' ? VARIANT : ''));
    expect(found?.slots.map(([key, { kind }]) => [key, kind])).toEqual([
      [KEY, 'variants'],
      [VARIANT, 'response'],
    ]);
  });

  it('stores the first answers of a resource, whichever gateway is first', async () => {
    const { ask, answer, has } = await start();
    const bob = keyOf('bob');
    const asked = [await ask(), await ask(bob)] as const;
    await answer(asked[0]);
    await answer(asked[1], bob);
    expect([await has(), await has(bob)]).toEqual([true, true]);
  });

  it('does not store a first answer that was under way when another one was invalidated', async () => {
    const { ask, answer, has, invalidate } = await start();
    const bob = keyOf('bob');
    const asked = [await ask(), await ask(bob)] as const;
    await answer(asked[0]);
    await invalidate(resourceScope(RESOURCE), false);
    await answer(await ask());
    await answer(asked[1], bob);
    expect([await has(), await has(bob)]).toEqual([true, false]);
  });

  it('does not read a variant once its key was purged', async () => {
    const { ask, answer, has, invalidate } = await start();
    await answer(await ask(VARIANT), VARIANT);
    expect(await has(VARIANT)).toBe(true);
    await invalidate(keyScope(KEY));
    expect(await has(VARIANT)).toBe(false);
  });

  it('does not store an answer that took so long that an invalidation may be forgotten', async () => {
    const { ask, answer, has, later } = await start();
    const generations = await ask();
    later(301_000);
    await answer(generations);
    expect(await has()).toBe(false);
  });

  it('treats an entry without a time to live as a miss, and leaves it there', async () => {
    const { server, store, ask, answer, read } = await start();
    let corrupted = 0;
    store.corrupted.on(() => corrupted++);
    await answer(await ask());
    const client = server.client();
    const [name = ''] = await client.keys('*c:*');
    await client.persist(name);
    const { slot, generations } = await read();
    expect([slot, typeof generations, await client.exists(name), corrupted]).toEqual([
      undefined,
      'object',
      1,
      0,
    ]);
  });

  it.each(['', 'garbage', '[', '7', 'null', '"text"', '{"status":200}'])(
    'deletes and counts an entry that was not written for it: %j',
    async (foreign) => {
      const { server, store, ask, answer, read, has } = await start();
      let corrupted = 0;
      store.corrupted.on(() => corrupted++);
      await answer(await ask());
      const client = server.client();
      const [name = ''] = await client.keys('*c:*');
      await client.set(name, foreign, 'PX', 60_000);
      const { slot, generations } = await read();
      expect([slot, corrupted, await client.exists(name)]).toEqual([undefined, 1, 0]);
      await answer(generations);
      expect(await has()).toBe(true);
    },
  );

  it('reads nothing, and repairs nothing, when the generation of the resource is foreign', async () => {
    const { server, ask, answer, read } = await start();
    await answer(await ask());
    const client = server.client();
    const [name = ''] = await client.keys('*g:*');
    await client.set(name, 'garbage', 'PX', 60_000);
    expect(await read()).toEqual({ slot: undefined, generations: undefined });
  });

  it('publishes an invalidation once Redis is back, and reads nothing of it before', async () => {
    const { server, channel, ask, answer, has, store } = await start();
    await answer(await ask());
    await server.kill();
    await until('the loss is noticed', () => !store.isUp);
    channel.publish({ scope: resourceScope(RESOURCE), isPurge: false });
    expect(channel.isPublished(RESOURCE)).toBe(false);
    expect(channel.isPublished({ ...RESOURCE, target: '/2' })).toBe(true);
    channel.publish({ scope: tagScope('two'), isPurge: true });
    expect(channel.isPublished({ ...RESOURCE, target: '/2' })).toBe(false);
    await server.startAgain();
    await until('it is published', () => channel.isPublished(RESOURCE));
    expect(await has()).toBe(false);
  });

  it('purges everything when too many invalidations are pending', async () => {
    const { server, channel, ask, answer, has, store } = await start();
    await answer(await ask());
    server.signal('SIGSTOP');
    for (let i = 0; i < 1_500; i++) {
      channel.publish({ scope: resourceScope({ ...RESOURCE, target: `/other/${i}` }), isPurge: false });
    }
    server.signal('SIGCONT');
    await until('it is published', () => store.isUp && channel.isPublished(RESOURCE));
    expect(await has()).toBe(false);
  });
});

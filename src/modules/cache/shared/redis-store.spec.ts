import { expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../../test/support/redis.js';
import { until } from '../../../../test/support/until.js';
import { systemClock } from '../../../common/clock.js';
import { ConfigStore } from '../../config/config.store.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import { RedisSubscriber } from '../../redis/redis.subscriber.js';
import { type CacheEntry, resourceScope, routeScope, tagScope } from '../cache-entry.js';
import { RedisStore } from './redis-store.js';
import { Replicas } from './replicas.js';

const part = (text: string) => `${text.length}:${text}`;
const keyOf = (user: string) => ['users', 'a.test', user, '', '/1'].map(part).join('');
const KEY = keyOf('alice');
const RESOURCE = { origin: 'a.test', target: '/1' };
const entry: CacheEntry = {
  kind: 'response',
  status: 200,
  headers: {},
  body: new Uint8Array([1]),
  bytes: 1_025,
  scopes: [routeScope('users'), resourceScope(RESOURCE), tagScope('one')],
  storedAt: 0,
  keepFor: 60_000,
  initialAge: 0,
  lifetime: 60_000,
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
  const replicas = new Replicas(connection, subscriber, store);
  onTestFinished(async () => {
    replicas.onApplicationShutdown();
    subscriber.onApplicationShutdown();
    await connection.onApplicationShutdown();
  });
  await connection.onApplicationBootstrap();
  await replicas.onApplicationBootstrap();
  const get = async (key = KEY) => (await store.get(key))?.value ?? {};
  const has = async (key = KEY) => (await get(key)).slot !== undefined;
  const ask = async (key = KEY) => (await get(key)).generations;
  type Asked = Awaited<ReturnType<typeof ask>>;
  const answer = (generations: Asked, key = KEY, slot = entry) =>
    store.set(key, { value: { slot, generations } });
  const tell = async (scope: string, isPurge = true) => {
    replicas.tell({ scope, isPurge });
    await until('it is told', () => replicas.isTold(RESOURCE));
  };
  await until('it can be asked', ask);
  return { server, store, replicas, get, has, ask, answer, tell, later: (ms: number) => (passed += ms) };
}

const VOID = [
  ['its resource is invalidated', resourceScope(RESOURCE), false],
  ['its resource is purged', resourceScope(RESOURCE), true],
  ['its route is purged', routeScope('users'), true],
  ['one of its tags is purged', tagScope('one'), true],
  ['everything is purged', '*', true],
] as const;

describeWithRedis('RedisStore', () => {
  it('gives back what it was given', async () => {
    const { ask, answer, get } = await start();
    await answer(await ask());
    expect((await get()).slot).toMatchObject({ status: 200, body: entry.body, scopes: entry.scopes });
  });

  it.each(VOID)('has it no more when %s', async (_, scope, isPurge) => {
    const { ask, answer, has, tell } = await start();
    await answer(await ask());
    await tell(scope, isPurge);
    expect(await has()).toBe(false);
    await answer(await ask());
    expect(await has()).toBe(true);
  });

  it.each(VOID)('never has it when, while it was under way, %s', async (_, scope, isPurge) => {
    const { ask, answer, has, tell } = await start();
    const first = await ask();
    await tell(scope, isPurge);
    await answer(first);
    expect(await has()).toBe(false);
    // Nor where there was something before.
    const second = await ask();
    await answer(second);
    await tell(scope, isPurge);
    await answer(second);
    expect(await has()).toBe(false);
  });

  it('keeps what other routes, tags and resources have', async () => {
    const { ask, answer, has, tell } = await start();
    await answer(await ask());
    await tell(routeScope('orders'));
    await tell(tagScope('two'));
    await tell(resourceScope({ ...RESOURCE, target: '/2' }));
    expect(await has()).toBe(true);
  });

  it('keeps several of one question: the index of variants, and a variant', async () => {
    const { ask, answer, has } = await start();
    const generations = await ask();
    const variant = `e7f7c9c8-6f0f-4b8e-9d54-0d5b8b1c6a01 abc ${KEY}`;
    await Promise.all([answer(generations), answer(generations, variant)]);
    expect([await has(), await has(variant)]).toEqual([true, true]);
  });

  it('keeps one of two first answers, and both of the next', async () => {
    const { ask, answer, has } = await start();
    const bob = keyOf('bob');
    const asked = [await ask(), await ask(bob), await ask()] as const;
    await answer(asked[0]);
    await answer(asked[1], bob);
    // Of another gateway: it must not take the place of what counts.
    await answer(asked[2]);
    expect([await has(), await has(bob)]).toEqual([true, false]);
    await answer(await ask(bob), bob);
    expect([await has(), await has(bob)]).toEqual([true, true]);
  });

  it('does not have what took so long that an invalidation may be forgotten', async () => {
    const { ask, answer, has, later } = await start();
    const generations = await ask();
    later(301_000);
    await answer(generations);
    expect(await has()).toBe(false);
  });

  it('reads nothing that Redis was not told is void, and tells it once it can', async () => {
    const { server, replicas, ask, answer, has, store } = await start();
    await answer(await ask());
    await server.kill();
    await until('it is noticed', () => !store.isUp);
    replicas.tell({ scope: resourceScope(RESOURCE), isPurge: false });
    expect(replicas.isTold(RESOURCE)).toBe(false);
    expect(replicas.isTold({ ...RESOURCE, target: '/2' })).toBe(true);
    replicas.tell({ scope: tagScope('two'), isPurge: true });
    expect(replicas.isTold({ ...RESOURCE, target: '/2' })).toBe(false);
    await server.startAgain();
    await until('it is told', () => replicas.isTold(RESOURCE));
    expect(await has()).toBe(false);
  });

  it('purges everything rather than remember without end', async () => {
    const { server, replicas, ask, answer, has, store } = await start();
    await answer(await ask());
    server.signal('SIGSTOP');
    for (let i = 0; i < 1_500; i++) {
      replicas.tell({ scope: resourceScope({ ...RESOURCE, target: `/other/${i}` }), isPurge: false });
    }
    server.signal('SIGCONT');
    await until('it is told', () => store.isUp && replicas.isTold(RESOURCE));
    expect(await has()).toBe(false);
  });
});

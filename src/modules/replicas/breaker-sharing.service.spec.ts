import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { admit, failTimes, succeed } from '../../../test/support/breakers.js';
import { configOf } from '../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../test/support/redis.js';
import { until } from '../../../test/support/until.js';
import { ConfigStore } from '../config/config.store.js';
import type { ProcessRole } from '../config/config.tokens.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisSubscriber } from '../redis/redis.subscriber.js';
import type { Breaker } from '../upstream/breaker/breaker.js';
import { Plugins } from '../plugins/plugins.service.js';
import { SystemResolver } from '../upstream/dns/resolver.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { BreakerSharing } from './breaker-sharing.service.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
});

let skipped = 0;
const clock = { now: () => performance.now() + skipped, wall: () => Date.now() };

/** Every replica gives the next sign of life. */
const beat = () => vi.advanceTimersByTime(1_000);

interface ReplicaOptions {
  readonly ids?: readonly string[];
  readonly quorum?: string;
  readonly hears?: boolean;
  readonly role?: ProcessRole;
}

const configFor = (server: RedisServer | undefined, { ids = ['users'], quorum = '50%' }: ReplicaOptions) =>
  configOf(`
    redis: { url: "${server?.url ?? ''}", connectTimeout: 10s, commandTimeout: 2s }
    breakers: { quorum: ${quorum} }
    upstreams: { ${ids.map((id) => `${id}: { url: "http://127.0.0.1:1", breaker: { openFor: 50s } }`).join(', ')} }
  `);

/** @param options `hears: false` for a replica that receives no messages */
async function replica(server: RedisServer | undefined, options: ReplicaOptions = {}) {
  const store = new ConfigStore(configFor(server, options));
  const upstreams = new UpstreamRegistry(store, clock, new SystemResolver(), new Plugins(store, [], clock));
  const redis = new RedisConnection(store);
  const subscriber = new RedisSubscriber(store);
  if (options.hears === false) subscriber.subscribe = () => Promise.resolve();
  const sharing = new BreakerSharing(store, upstreams, redis, subscriber, clock, options.role ?? 'only');
  const changes: number[] = [];
  sharing.changed.on((live) => changes.push(live));
  onTestFinished(async () => {
    await sharing.beforeApplicationShutdown();
    subscriber.onApplicationShutdown();
    await redis.onApplicationShutdown();
    await upstreams.onApplicationShutdown();
  });
  await redis.onApplicationBootstrap();
  sharing.onApplicationBootstrap();
  const breaker = (id = 'users') => upstreams.find(id)!.breaker;
  return {
    sharing,
    changes,
    breaker,
    trip: (id?: string) => failTimes(breaker(id), 5),
    apply: (next: ReplicaOptions) => store.apply(configFor(server, next)),
  };
}

/** Starts replicas, and lets the time pass after which they count on each other. */
async function fleet(server: RedisServer, ...options: readonly ReplicaOptions[]) {
  const all = await Promise.all(options.map((each) => replica(server, each)));
  await complete(all);
  return all;
}

async function complete(all: readonly Awaited<ReturnType<typeof replica>>[]): Promise<void> {
  await until('the others are there', () => {
    // A jump of less than a gap, so that nobody seems to have been away.
    skipped += 1_000;
    beat();
    return all.every(({ sharing }) => sharing.live === all.length);
  });
}

async function halfOpen(breakers: readonly Breaker[]): Promise<void> {
  for (const breaker of breakers) breaker.adopt({ kind: 'opened', reason: 'replicas', openFor: 20 });
  await until('they are half-open', () => breakers.every(({ state }) => state === 'half-open'));
}

/** Waits until each replica has read the votes that were there before. */
async function exchanged(server: RedisServer): Promise<void> {
  const client = server.client();
  // A replica asks again after it has taken note of the answer before.
  for (let i = 0; i < 2; i++) {
    const [seconds, micros] = await client.time();
    const now = Number(seconds) * 1_000 + Number(micros) / 1_000;
    await until(
      'each has asked',
      async () => {
        beat();
        const [, oldest] = await client.zrange('breakwater:{replicas}:live', 0, 0, 'WITHSCORES');
        return Number(oldest) > now;
      },
      4_000,
    );
  }
}

describeWithRedis('BreakerSharing', () => {
  it('opens the breaker of a replica that sees nothing, once two others opened theirs', async () => {
    const [a, b, c] = await fleet(await RedisServer.start(), {}, {}, {});
    await a!.trip();
    await b!.trip();
    await until('the third is open', () => c!.breaker().state === 'open');
  });

  it('opens no breaker on the word of one replica, however often it repeats it', async () => {
    const server = await RedisServer.start();
    const [a, b, c] = await fleet(server, {}, {}, { quorum: '1%' });
    await a!.trip();
    await exchanged(server);
    await exchanged(server);
    expect([b!.breaker().state, c!.breaker().state]).toEqual(['closed', 'closed']);
  });

  it('learns from its next sign of life what it was not told', async () => {
    const [a, b, c] = await fleet(await RedisServer.start(), {}, {}, { hears: false });
    await a!.trip();
    await b!.trip();
    await until('the third is open', () => {
      beat();
      return c!.breaker().state === 'open';
    });
  });

  it('goes by the quorum in force', async () => {
    const server = await RedisServer.start();
    const [a, b, c] = await fleet(server, {}, {}, { quorum: '100%' });
    await a!.trip();
    await b!.trip();
    await exchanged(server);
    expect(c!.breaker().state).toBe('closed');
    await c!.apply({});
    beat();
    await until('the third is open', () => c!.breaker().state === 'open');
  });

  it('ignores votes until the others have had the time to appear', async () => {
    const server = await RedisServer.start();
    const [a, b] = await fleet(server, {}, {});
    await a!.trip();
    await b!.trip();
    const c = await replica(server);
    await exchanged(server);
    expect([c.breaker().state, c.sharing.live]).toEqual(['closed', 0]);
    await complete([a!, b!, c]);
    expect(c.breaker().state).toBe('open');
  });

  it('does not count a replica that has shut down', async () => {
    const server = await RedisServer.start();
    const [a, , c] = await fleet(server, {}, {}, {});
    await c!.sharing.beforeApplicationShutdown();
    await exchanged(server);
    expect(a!.changes).toEqual([3, 2]);
  });

  it('shares upstreams that a reload adds, and not those that it removes', async () => {
    const server = await RedisServer.start();
    const [a, b, c] = await fleet(server, {}, {}, {});
    const removed = c!.breaker();
    for (const each of [a!, b!]) await each.apply({ ids: ['users', 'orders'] });
    await c!.apply({ ids: ['orders'] });
    for (const each of [a!, b!]) await each.trip('users');
    for (const each of [a!, b!]) await each.trip('orders');
    await until('the third is open', () => c!.breaker('orders').state === 'open');
    expect(removed.state).toBe('closed');
  });

  it('lets one replica at a time try an upstream, and tells the others the result', async () => {
    const [a, b] = await fleet(await RedisServer.start(), {}, {});
    const both = [a!.breaker(), b!.breaker()];
    await halfOpen(both);
    await until('one may try', () => both.some(({ isRejecting }) => !isRejecting));
    expect(both.filter(({ isRejecting }) => !isRejecting)).toHaveLength(1);
    succeed(admit(both.find(({ isRejecting }) => !isRejecting)!));
    await until('both are closed', () => both.every(({ state }) => state === 'closed'));
  });

  it('lets each replica try when Redis goes away while it waits', async () => {
    const server = await RedisServer.start();
    const [a, b] = await fleet(server, {}, {});
    const both = [a!.breaker(), b!.breaker()];
    await halfOpen(both);
    await until('one may try', () => both.some(({ isRejecting }) => !isRejecting));
    const waiting = both.find(({ isRejecting }) => isRejecting)!;
    const waits: boolean[] = [];
    for (const { sharing } of [a!, b!]) sharing.changed.on(() => waits.push(waiting.isRejecting));
    await server.kill();
    await until('both have noticed', () => waits.length === 2);
    expect(waits.at(-1)).toBe(false);
  });

  it('leaves each replica to itself while Redis is away, and says so', async () => {
    const server = await RedisServer.start();
    const [a, b, c] = await fleet(server, {}, {}, {});
    await server.kill();
    await until('it is noticed', () => a!.sharing.live === 0);
    await a!.trip();
    await b!.trip();
    expect([a!.breaker().state, b!.breaker().state, c!.breaker().state]).toEqual(['open', 'open', 'closed']);
    await server.startAgain();
    await until(
      'all are back',
      async () => (await server.client().zcard('breakwater:{replicas}:live')) === 3,
    );
    expect(a!.sharing.live).toBe(0);
    await complete([a!, b!, c!]);
    expect([a!.changes.slice(0, 2), a!.changes.at(-1)]).toEqual([[3, 0], 3]);
    // What was decided meanwhile is shared as well.
    await until('the third is open', () => c!.breaker().state === 'open');
  });

  it('keeps a worker from a trial until its primary has answered, and leaves the rest to the primary', async () => {
    const server = await RedisServer.start();
    const worker = await replica(server, { role: 'worker' });
    const breaker = worker.breaker();
    const news: unknown[] = [];
    breaker.news.on((each) => news.push(each));
    await halfOpen([breaker]);
    expect([breaker.isRejecting, news.length]).toEqual([true, 1]);
    breaker.adopt({ kind: 'trial', lasts: 0 });
    expect(breaker.isRejecting).toBe(false);
    expect([worker.changes, await server.client().keys('*')]).toEqual([[], []]);
  });

  it('does nothing without Redis', async () => {
    const alone = await replica(undefined);
    await alone.trip();
    expect([alone.changes, alone.sharing.live, vi.getTimerCount()]).toEqual([[], 0, 1]);
  });
});

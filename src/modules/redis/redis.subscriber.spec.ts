import { expect, it, onTestFinished, vi } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../test/support/redis.js';
import { until } from '../../../test/support/until.js';
import { ConfigStore } from '../config/config.store.js';
import { RedisSubscriber } from './redis.subscriber.js';

async function subscribe(redis: string) {
  const config = configOf(`redis: { ${redis}, connectTimeout: 200ms, commandTimeout: 100ms }`);
  const subscriber = new RedisSubscriber(new ConfigStore(config));
  onTestFinished(() => subscriber.onApplicationShutdown());
  const received: string[] = [];
  let subscriptions = 0;
  await subscriber.subscribe('news', {
    onMessage: (message) => received.push(message),
    onSubscribed: () => subscriptions++,
  });
  return { subscriber, received, subscriptions: () => subscriptions };
}

/** @returns how many clients got it */
const publish = (server: RedisServer, message: string) => server.client().publish('breakwater:news', message);

describeWithRedis('RedisSubscriber', () => {
  it('receives what is published to the channel with the prefix', async () => {
    const server = await RedisServer.start();
    const { received, subscriptions } = await subscribe(`url: "${server.url}"`);
    expect([await publish(server, 'a'), subscriptions()]).toEqual([1, 1]);
    await until('it has arrived', () => received.includes('a'));
  });

  it('subscribes again, and reports it, after the server was restarted', async () => {
    const server = await RedisServer.start();
    const { received, subscriptions } = await subscribe(`url: "${server.url}"`);
    await server.kill();
    await server.startAgain();
    await until('it is subscribed again', () => subscriptions() === 2, 5_000);
    await publish(server, 'b');
    await until('it has arrived', () => received.includes('b'));
  });

  it('starts without a server, and subscribes once there is one', async () => {
    const server = await RedisServer.start();
    await server.kill();
    const { subscriptions } = await subscribe(`url: "${server.url}"`);
    expect(subscriptions()).toBe(0);
    await server.startAgain();
    await until('it is subscribed', () => subscriptions() === 1, 5_000);
  });

  it('checks a silent connection, and leaves a frozen node of a cluster', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const nodes = [await RedisServer.start(), await RedisServer.start()] as const;
    const { subscriptions } = await subscribe(`cluster: ["${nodes[0].url}", "${nodes[1].url}"]`);
    vi.advanceTimersByTime(5_000);
    expect([await publish(nodes[0], 'c'), subscriptions()]).toEqual([1, 1]);
    nodes[0].signal('SIGSTOP');
    vi.advanceTimersByTime(5_000);
    await until('it is subscribed again', () => subscriptions() === 2, 5_000);
    nodes[0].signal('SIGCONT');
    expect(await publish(nodes[1], 'd')).toBe(1);
  });

  it('takes another node of a cluster when its node is away', async () => {
    const nodes = [await RedisServer.start(), await RedisServer.start()] as const;
    const { subscriptions } = await subscribe(`cluster: ["${nodes[0].url}", "${nodes[1].url}"]`);
    expect(await publish(nodes[0], 'e')).toBe(1);
    await nodes[0].kill();
    await until('it is subscribed again', () => subscriptions() === 2, 5_000);
    expect(await publish(nodes[1], 'f')).toBe(1);
  });

  it('has one connection for several channels', async () => {
    const server = await RedisServer.start();
    const { subscriber, received, subscriptions } = await subscribe(`url: "${server.url}"`);
    const others: string[] = [];
    let renewed = 0;
    await subscriber.subscribe('others', {
      onMessage: (message) => others.push(message),
      onSubscribed: () => renewed++,
    });
    const client = server.client();
    await client.publish('breakwater:others', 'h');
    await client.publish('breakwater:news', 'i');
    await until('both have arrived', () => received.length + others.length === 2);
    expect([received, others, subscriptions(), renewed]).toEqual([['i'], ['h'], 1, 1]);
    expect(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).toMatch(/^[^\n]+\n$/);
    await server.kill();
    await server.startAgain();
    await until('both are subscribed again', () => subscriptions() + renewed === 4, 5_000);
  });

  it('rejects a second listener of a channel', async () => {
    const server = await RedisServer.start();
    const { subscriber } = await subscribe(`url: "${server.url}"`);
    const second = subscriber.subscribe('news', { onMessage: () => {}, onSubscribed: () => {} });
    await expect(second).rejects.toThrow('has a listener already');
  });

  it('ends its connection at shutdown', async () => {
    const server = await RedisServer.start();
    const { subscriber } = await subscribe(`url: "${server.url}"`);
    subscriber.onApplicationShutdown();
    await until('nobody is subscribed', async () => (await publish(server, 'g')) === 0);
  });
});

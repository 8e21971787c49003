import { describe, expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../../test/support/gateway.js';
import { describeWithRedis, RedisServer } from '../../../../test/support/redis.js';
import { ConfigStore } from '../../config/config.store.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import { identityOf } from '../identity-of.js';
import { isTokenId, TokenDenylist } from './token-denylist.service.js';

const NOW = 1_800_000_000;
const HOUR = 3_600;

function setUp(redisUrl = '') {
  const provider = `{ secret: ${'x'.repeat(32)}, algorithms: [HS256]`;
  const store = new ConfigStore(
    configOf(
      `auth: { main: ${provider} }, slow: ${provider}, clockSkew: 3h } }\nredis: { url: "${redisUrl}", commandTimeout: 5s }`,
    ),
  );
  const clock = { seconds: NOW, now: () => 0, wall: () => clock.seconds * 1000 };
  const redis = new RedisConnection(store);
  const denylist = new TokenDenylist(store, clock, redis);
  const denies = (jti: unknown) => denylist.denies(identityOf({ jti }, 'main'));
  return { clock, denylist, denies, redis };
}

describe('TokenDenylist', () => {
  it('denies a token for as long as any provider may accept it', async () => {
    const { clock, denylist, denies } = setUp();
    await denylist.deny({ id: 'a', expiresAt: NOW });
    clock.seconds = NOW + 4 * HOUR - 1;
    await denylist.deny({ id: 'b', expiresAt: NOW + 9 * HOUR });
    expect([denies('a'), denies('b'), denies('c')]).toEqual([true, true, false]);
    clock.seconds = NOW + 4 * HOUR + 60;
    await denylist.deny({ id: 'c', expiresAt: NOW + 9 * HOUR });
    expect([denies('a'), denies('b'), denies('c')]).toEqual([false, true, true]);
  });

  it('considers a token expired only after the largest skew', () => {
    const { clock, denylist } = setUp();
    const denial = { id: 'a', expiresAt: NOW };
    clock.seconds = NOW + 3 * HOUR - 1;
    expect(denylist.isOver(denial)).toBe(false);
    clock.seconds = NOW + 3 * HOUR;
    expect(denylist.isOver(denial)).toBe(true);
  });

  it('denies only ids that are text', async () => {
    const { denylist, denies } = setUp();
    await denylist.deny({ id: '1', expiresAt: NOW });
    expect([denies('1'), denies(1), denies(['1']), denies(undefined), denies(null)]).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('emits only new ids', async () => {
    const { denylist } = setUp();
    const grown: string[] = [];
    denylist.grown.on((ids) => grown.push(...ids));
    for (const id of ['a', 'a', 'b']) await denylist.deny({ id, expiresAt: NOW });
    await denylist.deny({ id: 'over', expiresAt: NOW - 5 * HOUR });
    expect(grown).toEqual(['a', 'b']);
    expect([denylist.size, denylist.isInStep]).toEqual([2, undefined]);
  });

  it('accepts ids of 1 to 512 characters', () => {
    expect(['', 'a', 'x'.repeat(512), 'x'.repeat(513)].map(isTokenId)).toEqual([false, true, true, false]);
  });
});

describeWithRedis('TokenDenylist with Redis', () => {
  it('has read the list before the gateway accepts requests', async () => {
    const server = await RedisServer.start();
    await server.client().xadd('breakwater:denied-tokens', '*', 'jti', 'a', 'exp', NOW);
    const { denylist, denies, redis } = setUp(server.url);
    onTestFinished(async () => {
      denylist.onModuleDestroy();
      await redis.onApplicationShutdown();
    });
    await redis.onApplicationBootstrap();
    await denylist.onApplicationBootstrap();
    expect(denies('a')).toBe(true);
  });
});

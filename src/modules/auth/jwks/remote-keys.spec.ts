import { generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { HttpService } from '@nestjs/axios';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Event } from '../../../common/event.js';
import { IssuerKey, KeyServer, unavailable } from '../../../../test/support/key-server.js';
import { readToken } from '../bearer-token.js';
import { Unavailable } from '../refusal.js';
import { KeyEndpoint } from './key-endpoint.js';
import { type KeyRefresh, type KeyRefreshResult, RemoteKeys } from './remote-keys.js';

const CONFIG = { refresh: 600_000, cooldown: 30_000, maxStale: 3_600_000, timeout: 5_000, required: true };

async function setUp(...published: IssuerKey[]) {
  const server = await KeyServer.start(...published);
  const endpoint = new KeyEndpoint(new HttpService(), server.jwksUri, '', CONFIG.timeout);
  const clock = {
    time: 1_000_000,
    wallOffset: 0,
    now: () => clock.time,
    wall: () => clock.time + clock.wallOffset,
  };
  const results: KeyRefreshResult[] = [];
  const refreshed = new Event<KeyRefresh>();
  refreshed.on(({ result }) => results.push(result));
  const keys = new RemoteKeys({
    provider: 'main',
    algorithms: ['ES256', 'RS256'],
    config: CONFIG,
    clock,
    endpoint,
    refreshed,
  });
  /** @returns the ids of the keys that may have signed it, or why there are none */
  const find = async (key: IssuerKey, header?: object) => {
    const found = await keys.find(readToken(key.token({}, header))!);
    if (found instanceof Unavailable) return [found.reason, found.retryAfter];
    return typeof found === 'string' ? found : found.map(({ id }) => id);
  };
  return { server, clock, results, keys, find };
}

const a = new IssuerKey('a');
const b = new IssuerKey('b');
const UNAVAILABLE = ['keys_unavailable', expect.any(Number)];

describe('RemoteKeys', () => {
  it('finds a fetched key by its id, without a promise', async () => {
    const { keys, find } = await setUp(a, b);
    await keys.refresh();
    expect(keys.find(readToken(a.token())!)).toBeInstanceOf(Array);
    expect(await find(b)).toEqual(['b']);
  });

  it('shares the first fetch between waiting tokens', async () => {
    const { keys, find, server } = await setUp(a);
    void keys.refresh();
    expect(await Promise.all([find(a), find(a), find(b)])).toEqual([['a'], ['a'], 'unknown_key']);
    expect(server.fetches).toBe(1);
  });

  it('fetches at most once in each cooldown, whatever ids tokens name', async () => {
    const { keys, find, server, clock } = await setUp(a);
    await keys.refresh();
    const flood = () =>
      Promise.all(Array.from({ length: 50 }, (_, i) => find(a, { kid: `../../etc/passwd' OR ${i}--` })));
    expect(new Set(await flood())).toEqual(new Set(['unknown_key']));
    expect(server.fetches).toBe(1);
    clock.time += CONFIG.cooldown;
    expect(new Set(await flood())).toEqual(new Set(['unknown_key']));
    expect(server.fetches).toBe(2);
    expect(await find(a)).toEqual(['a']);
  });

  it('fetches a new key when a token names it', async () => {
    const { keys, find, server, clock } = await setUp(a);
    await keys.refresh();
    server.publish(a, b);
    expect(await find(b)).toBe('unknown_key');
    clock.time += CONFIG.cooldown;
    expect(await find(b)).toEqual(['b']);
  });

  it('retires a withdrawn key, and keeps the object of one that stays', async () => {
    const { keys, server } = await setUp(a, b);
    await keys.refresh();
    const only = async (key: IssuerKey) => {
      const found = await keys.find(readToken(key.token())!);
      return typeof found === 'string' || found instanceof Unavailable ? undefined : found[0];
    };
    const [keyA, keyB] = [await only(a), await only(b)];
    server.publish(a);
    await keys.refresh();
    expect([keyA?.retired, keyB?.retired]).toEqual([false, true]);
    expect(await only(a)).toBe(keyA);
  });

  it('keeps keys during an outage until they are too old, and recovers by itself', async () => {
    const { keys, find, server, clock, results } = await setUp(a);
    await keys.refresh();
    server.answer = unavailable;
    clock.time += CONFIG.maxStale - 1;
    await keys.refresh();
    expect(await find(a)).toEqual(['a']);
    // It may be a key that was published in the meantime.
    expect(await find(b)).toEqual(UNAVAILABLE);
    clock.time += 1;
    await keys.refresh();
    expect(await find(a)).toEqual(UNAVAILABLE);
    server.answer = undefined;
    await keys.refresh();
    expect(await find(a)).toEqual(['a']);
    expect(results).toEqual(['success', 'status', 'status', 'success']);
  });

  it('leaves fetching to the timer while it has no key', async () => {
    const { keys, find, server, clock } = await setUp(a);
    server.answer = unavailable;
    await keys.refresh();
    clock.time += CONFIG.cooldown;
    expect(await find(a)).toEqual(UNAVAILABLE);
    expect(server.fetches).toBe(1);
  });

  it('returns all keys with the id of the token', async () => {
    const twin = new IssuerKey('a');
    const { keys, find, server } = await setUp(a, twin);
    await keys.refresh();
    expect(await find(twin)).toEqual(['a', 'a']);
    server.publish(a);
    await keys.refresh();
    expect(await find(twin)).toEqual(['a']);
  });

  it('returns all keys of the algorithm for a token without an id, up to a bound', async () => {
    const { keys, find, server } = await setUp(a, b);
    await keys.refresh();
    expect(await find(b, { kid: undefined })).toEqual(['a', 'b']);
    server.publish(...Array.from({ length: 20 }, (_, i) => new IssuerKey(String(i))));
    await keys.refresh();
    expect(await find(a, { kid: undefined })).toHaveLength(8);
  });

  it('returns all keys of the algorithm when none of them has an id', async () => {
    const unnamed = [new IssuerKey(undefined), new IssuerKey(undefined)];
    const { keys, find, server } = await setUp(...unnamed);
    await keys.refresh();
    expect(await find(a)).toEqual([undefined, undefined]);
    server.publish(...unnamed, b);
    await keys.refresh();
    expect(await find(a)).toBe('unknown_key');
  });

  it('finds the only key of the algorithm for a token without an id', async () => {
    const { keys, find, server } = await setUp(a);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    server.keys.push({ ...rsa.export({ format: 'jwk' }), kid: 'rsa' });
    await keys.refresh();
    expect(await find(a, { kid: undefined })).toEqual(['a']);
    expect(await find(a, { kid: 'rsa' })).toBe('unknown_key');
  });

  it('returns at most eight keys with the same id', async () => {
    const { keys, find } = await setUp(...Array.from({ length: 10 }, () => new IssuerKey('a')));
    await keys.refresh();
    expect(await find(a)).toEqual(Array(8).fill('a'));
  });

  it.each<[string, (server: KeyServer) => void, KeyRefreshResult]>([
    ['HTML', (server) => (server.answer = (_req, res) => void res.end('<html>')), 'malformed'],
    ['another document', (server) => (server.answer = (_req, res) => void res.end('{"a":1}')), 'malformed'],
    ['an empty set', (server) => (server.keys = []), 'no_usable_key'],
    ['a set without a key that fits', (server) => (server.keys = [a.jwk({ use: 'enc' })]), 'no_usable_key'],
    [
      'more than 256 KiB',
      (server) => (server.answer = (_req, res) => void res.end(' '.repeat(257 * 1024) + '{}')),
      'too_large',
    ],
    ['a closed connection', (server) => (server.answer = (req) => req.destroy()), 'unreachable'],
  ])('refuses %s as a key set', async (_, publish, result) => {
    const { keys, find, server, results } = await setUp(a);
    await keys.refresh();
    publish(server);
    await keys.refresh();
    expect(results).toEqual(['success', result]);
    expect(await find(a)).toEqual(['a']);
  });

  it('follows no redirect', async () => {
    const { keys, server, results } = await setUp(a);
    const elsewhere = await KeyServer.start(a);
    server.answer = (_req, res) => void res.writeHead(302, { location: elsewhere.jwksUri }).end();
    await keys.refresh();
    expect(results).toEqual(['status']);
    expect(elsewhere.fetches).toBe(0);
  });

  it('fetches at most once in 30 s under a flood of unknown ids, and known keys never wait', async () => {
    const { keys, server, clock } = await setUp(a);
    await keys.refresh();
    const token = readToken(a.token())!;
    const verdicts = new Set<unknown>();
    const seconds = 95;
    for (let i = 0; i < seconds * 200; i++) {
      verdicts.add(await keys.find({ ...token, keyId: `unknown-${i}` }));
      if (!Array.isArray(keys.find(token))) verdicts.add('waited');
      clock.time += 5;
    }
    expect([...verdicts]).toEqual(['unknown_key']);
    expect(server.fetches).toBe(1 + Math.floor(seconds / 30));
  });

  it('remembers no more than 256 KiB of unknown ids', async () => {
    const { keys, server, clock, find } = await setUp(a);
    await keys.refresh();
    const named = (name: string) => find(a, { kid: name });
    expect(await named('first')).toBe('unknown_key');
    for (let i = 0; i < 263; i++) expect(await named(`${i}`.padEnd(1_000))).toBe('unknown_key');
    clock.time += CONFIG.cooldown - 1;
    const held: ServerResponse[] = [];
    server.answer = (_req, res) => void held.push(res);
    const fetched = keys.refresh();
    const token = (kid: string) => readToken(a.token({}, { kid }))!;
    // It waits as if it had never been there; the others need not.
    const first = keys.find(token('first'));
    expect([first instanceof Promise, keys.find(token('262'.padEnd(1_000)))]).toEqual([true, 'unknown_key']);
    await vi.waitFor(() => expect(held).toHaveLength(1));
    held[0]?.end(JSON.stringify({ keys: server.keys }));
    await fetched;
    expect(await first).toBe('unknown_key');
  });

  describe('while a fetch hangs', () => {
    async function hanging() {
      const all = await setUp(a);
      const { keys, server, clock, find } = all;
      await keys.refresh();
      expect(await find(a, { kid: 'known-as-unknown' })).toBe('unknown_key');
      clock.time += CONFIG.cooldown - 1;
      const held: ServerResponse[] = [];
      server.answer = (_req, res) => void held.push(res);
      return { ...all, held };
    }
    const read = (kid: string | undefined, alg = 'ES256') => readToken(a.token({}, { kid, alg }))!;

    it('refuses an id at once that was unknown before', async () => {
      const { keys, server, held } = await hanging();
      const refresh = keys.refresh();
      await vi.waitFor(() => expect(held).toHaveLength(1));
      for (let i = 0; i < 3; i++) expect(keys.find(read('known-as-unknown'))).toBe('unknown_key');
      expect(keys.find(read(a.id))).toBeInstanceOf(Array);
      // Others may be new.
      server.publish(a, b);
      const waiting = [read('b'), read('other'), read('known-as-unknown', 'RS256'), read('x'.repeat(300))];
      const verdicts = Promise.all(waiting.map(async (token) => keys.find(token)));
      held[0]?.end(JSON.stringify({ keys: server.keys }));
      await refresh;
      expect(await verdicts).toEqual([
        [expect.objectContaining({ id: 'b' })],
        ...Array(3).fill('unknown_key'),
      ]);
      expect(server.fetches).toBe(2);
    });

    it('lets the token wait that started it, and tokens with a new id', async () => {
      const { keys, server, clock, held } = await hanging();
      clock.time += 1;
      const first = keys.find(read('known-as-unknown'));
      expect(first).toBeInstanceOf(Promise);
      await vi.waitFor(() => expect(held).toHaveLength(1));
      const second = keys.find(read('b'));
      expect(second).toBeInstanceOf(Promise);
      server.publish(a, b);
      held[0]?.end(JSON.stringify({ keys: server.keys }));
      expect(await first).toBe('unknown_key');
      expect(await second).toEqual([expect.objectContaining({ id: 'b' })]);
      expect(server.fetches).toBe(2);
    });

    it('starts no second fetch under a flood, and remembers an id for one cooldown', async () => {
      const { keys, server, clock, held } = await hanging();
      clock.time += 1;
      const token = read('random');
      const flood = Array.from({ length: 1_000 }, async (_, i) =>
        keys.find({ ...token, keyId: `random-${i}` }),
      );
      await vi.waitFor(() => expect(held).toHaveLength(1));
      held[0]?.end(JSON.stringify({ keys: server.keys }));
      expect(new Set(await Promise.all(flood))).toEqual(new Set(['unknown_key']));
      expect(server.fetches).toBe(2);
      clock.time += CONFIG.cooldown - 1;
      const refresh = keys.refresh();
      await vi.waitFor(() => expect(held).toHaveLength(2));
      expect(keys.find(read('random-999'))).toBe('unknown_key');
      clock.time += 1;
      const again = keys.find(read('random-999'));
      expect(again).toBeInstanceOf(Promise);
      held[1]?.end(JSON.stringify({ keys: server.keys }));
      await refresh;
      expect(await again).toBe('unknown_key');
      expect(server.fetches).toBe(3);
    });
  });

  it('fetches only by timer while fetches fail, and reports when', async () => {
    const { keys, find, server, clock } = await setUp(a);
    // The timer must not fetch by itself, however slow the machine is.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => {
      keys.stop();
      vi.useRealTimers();
    });
    server.answer = unavailable;
    const outage = async (seconds: number) => {
      const asked = server.fetches;
      await keys.refresh();
      const [reason, wait] = (await find(b)) as [string, number];
      expect(reason).toBe('keys_unavailable');
      expect(wait).toBeGreaterThanOrEqual(Math.floor(seconds * 0.9));
      expect(wait).toBeLessThanOrEqual(Math.ceil(seconds * 1.1));
      clock.time += (wait - 1) * 1000;
      expect(await find(b)).toEqual(['keys_unavailable', 1]);
      expect(server.fetches).toBe(asked + 1);
    };
    keys.start();
    // Before the first success the gateway may not be ready, so it waits less.
    for (const seconds of [1, 2, 4, 5, 5]) await outage(seconds);
    expect(keys.isReady).toBe(false);
    server.answer = undefined;
    await keys.refresh();
    server.answer = unavailable;
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) await outage(seconds);
    expect([keys.isReady, keys.state]).toEqual([true, 'stale']);
  });

  it('fetches once more before its keys are too old', async () => {
    const { keys, find, server, clock } = await setUp(a);
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => {
      keys.stop();
      vi.useRealTimers();
    });
    keys.start();
    await keys.refresh();
    server.answer = unavailable;
    for (let i = 0; i < 8; i++) await keys.refresh();
    clock.time += CONFIG.maxStale - 10_000;
    await keys.refresh();
    expect(await find(b)).toEqual(['keys_unavailable', 10]);
  });

  it('keeps old keys during an outage, and accepts new ones after the next fetch', async () => {
    const { keys, find, server } = await setUp(a);
    await keys.refresh();
    server.answer = unavailable;
    server.publish(b);
    await keys.refresh();
    expect([await find(a), await find(b)]).toEqual([['a'], UNAVAILABLE]);
    server.answer = undefined;
    await keys.refresh();
    expect([await find(a), await find(b)]).toEqual(['unknown_key', ['b']]);
  });

  it('ignores a wall clock that jumps', async () => {
    const { keys, find, server, clock } = await setUp(a);
    await keys.refresh();
    for (const jump of [3_600_000, -7_200_000]) {
      clock.wallOffset = jump;
      expect(await find(a)).toEqual(['a']);
      expect(await find(b)).toBe('unknown_key');
    }
    expect(server.fetches).toBe(1);
  });
});

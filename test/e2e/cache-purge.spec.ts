import { register } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Gateway } from '../../src/gateway.js';
import { cached, FRESH } from '../conformance/cached.js';
import { configOf } from '../support/gateway.js';
import { bearer } from '../support/tokens.js';
import { until } from '../support/until.js';

async function start() {
  const whole = await cached((_n, req) => ({
    headers: {
      ...FRESH,
      'surrogate-key': `all ${req.url?.slice(1)}`,
      'cache-tag': `tag-${req.url?.slice(1)}`,
    },
  }));
  const { get, gw } = whole;
  const alice = bearer({ sub: 'alice' });
  for (const path of ['/1', '/2']) await get(path);
  await get('/mine/1', alice);
  const isStored = async (path: string) => {
    const user = path.startsWith('/mine') ? alice : {};
    return (await get(path, { ...user, 'cache-control': 'only-if-cached' })).status === 200;
  };
  const purge = (query: string, init: RequestInit = {}) =>
    gw.management(`/admin/cache/purge${query}`, { method: 'POST', ...init });
  return { ...whole, isStored, purge };
}

/** @returns the statuses of two requests that fail after a purge, for which there was a stale response before it */
async function failAfterPurge(query: string, method = 'GET'): Promise<number[]> {
  const failing = Promise.withResolvers<void>();
  const { gw, get, seen } = await cached(
    async (n) => {
      if (n === 1) return { headers: { 'cache-control': 'max-age=60', age: '100' } };
      await failing.promise;
      return { status: 503 };
    },
    { cache: '{ staleIfError: 1h }' },
  );
  await get();
  const answers = [get('/1', {}, method), get('/1', {}, method)];
  await until('it is under way', () => seen.length > 1);
  await gw.management(`/admin/cache/purge${query}`, { method: 'POST' });
  failing.resolve();
  return (await Promise.all(answers)).map(({ status }) => status);
}

describe('a purge', () => {
  it.each(['GET', 'HEAD'])(
    'removes the copy that a failing %s in flight would fall back to',
    async (method) => {
      expect(await failAfterPurge('?all=true', method)).toEqual([503, 503]);
    },
  );

  it('of another entry keeps the stale copy of a failing request in flight', async () => {
    expect(await failAfterPurge('?tag=other')).toEqual([200, 200]);
  });

  it.each([
    ['by a surrogate key', '?tag=1', 1, [false, true, true]],
    ['by a cache tag', '?tag=tag-2', 1, [true, false, true]],
    ['by several', '?tag=1&tag=2', 2, [false, false, true]],
    ['by a key that all have', '?tag=all', 3, [false, false, false]],
    ['by route', '?route=mine', 1, [true, true, false]],
    ['of everything', '?all=true', 3, [false, false, false]],
    ['of what nobody knows', '?tag=none', 0, [true, true, true]],
  ])('%s removes and counts entries', async (_, query, purged, left) => {
    const { purge, isStored, gw } = await start();
    const response = await purge(query);
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 200,
      body: { purged },
    });
    expect([await isStored('/1'), await isStored('/2'), await isStored('/mine/1')]).toEqual(left);
    expect(await gw.metric('breakwater_cache_purged_total')).toBe(purged);
  });

  it('by URL removes the copies of all users', async () => {
    const { purge, isStored, gw } = await start();
    const response = await purge(`?url=${encodeURIComponent(`${gw.url}/mine/1`)}`);
    expect(await response.json()).toEqual({ purged: 1 });
    expect([await isStored('/1'), await isStored('/mine/1')]).toEqual([true, false]);
  });

  it('by key removes all variants of the copy of one user', async () => {
    const { get, gw } = await cached(() => ({ headers: { ...FRESH, vary: 'x-a' } }));
    const as = (sub: string, value: string) => get('/mine/1', { ...bearer({ sub }), 'x-a': value });
    for (const [sub, value] of [
      ['alice', '1'],
      ['alice', '2'],
      ['bob', '1'],
    ] as const)
      await as(sub, value);
    const listed = async () => {
      const url = encodeURIComponent(`${gw.url}/mine/1`);
      const response = await gw.management(`/admin/cache/entries?url=${url}`);
      expect(response.headers.get('cache-control')).toBe('no-store');
      return ((await response.json()) as { entries: { key: string }[] }).entries;
    };
    const entries = await listed();
    expect(entries).toHaveLength(3);
    expect(entries[0]).toMatchObject({ status: 200, age: 0, bytes: expect.any(Number) });
    expect(JSON.stringify(entries)).not.toContain('alice');
    const keys = new Set(entries.map(({ key }) => key));
    expect(keys.size).toBe(2);
    const [alices = ''] = keys;
    const response = await gw.management(`/admin/cache/purge?key=${encodeURIComponent(alices)}`, {
      method: 'POST',
    });
    expect(await response.json()).toEqual({ purged: 2 });
    expect((await as('bob', '1')).body).toBe('3');
    expect((await as('alice', '1')).body).toBe('4');
    expect(await listed()).toHaveLength(2);
  });

  it('by key removes an entry without variants', async () => {
    const { gw, purge, isStored } = await start();
    const response = await gw.management('/admin/cache/entries?tag=tag-1');
    const { entries } = (await response.json()) as { entries: { key: string; ttl: number }[] };
    expect(entries).toHaveLength(1);
    expect([59, 60]).toContain(entries[0]?.ttl);
    const key = encodeURIComponent(entries[0]?.key ?? '');
    expect(await (await purge(`?key=${key}`)).json()).toEqual({ purged: 1 });
    expect(await (await purge(`?key=${key}&key=none`)).json()).toEqual({ purged: 0 });
    expect([await isStored('/1'), await isStored('/2')]).toEqual([false, true]);
  });

  it.each([
    ['names nothing', '', 400],
    ['names a URL that is none', '?url=http://a/../b', 400],
    ['names a path in place of a URL', '?url=/1', 400],
    ['names an unknown route', '?tag=1&route=nope', 404],
  ])('gets a 400 for a list when it %s', async (_, query, status) => {
    const { gw } = await start();
    expect((await gw.management(`/admin/cache/entries${query}`)).status).toBe(status);
  });

  it.each([
    ['names nothing', '', {}, 400],
    ['names a URL that is none', '?url=http://a/../b', {}, 400],
    ['names a path in place of a URL', '?url=/1', {}, 400],
    ['names an unknown route', '?tag=1&route=nope', {}, 404],
    ['names a route beside everything', '?all=true&route=mine', {}, 400],
  ])('removes nothing when it %s', async (_, query, init, status) => {
    const { purge, isStored } = await start();
    expect((await purge(query, init)).status).toBe(status);
    expect(await isStored('/1')).toBe(true);
  });

  it('requires the management token on a public interface', async () => {
    const config = configOf('management: { token: a-management-token-for-tests }');
    const gateway = await Gateway.start(config, { logger: false });
    onTestFinished(async () => {
      await gateway.close();
      register.clear();
    });
    const ask = (headers: Record<string, string>) =>
      fetch(`${gateway.managementUrl}/admin/cache/purge?all=true`, {
        method: 'POST',
        headers: { 'X-Breakwater-Action': '1', ...headers },
      });
    expect((await fetch(`${gateway.managementUrl}/admin/cache/entries?route=a`)).status).toBe(401);
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer a management token' })).status).toBe(401);
    expect((await ask({ authorization: 'Bearer a-management-token-for-tests' })).status).toBe(200);
    const credentials = btoa('x:a-management-token-for-tests');
    expect((await ask({ authorization: `Basic ${credentials}` })).status).toBe(200);
  });
});

describe('breakwater_cache_bytes', () => {
  it('is the size of the stored responses', async () => {
    const { gw, purge } = await start();
    expect(await gw.metric('breakwater_cache_bytes')).toBeGreaterThan(3 * 1024);
    await purge('?all=true');
    expect(await gw.metric('breakwater_cache_bytes')).toBe(0);
  });
});

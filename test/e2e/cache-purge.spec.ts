import { register } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Gateway } from '../../src/gateway.js';
import { cached, FRESH } from '../conformance/cached.js';
import { configOf } from '../support/gateway.js';
import { bearer } from '../support/tokens.js';

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
  const isStored = async (path: string) =>
    (await get(path, { ...alice, 'cache-control': 'only-if-cached' })).status === 200;
  const purge = (query: string, init: RequestInit = {}) =>
    gw.management(`/admin/cache/purge${query}`, { method: 'POST', ...init });
  return { ...whole, isStored, purge };
}

describe('a purge', () => {
  it.each([
    ['by a surrogate key', '?tag=1', 1, [false, true, true]],
    ['by a cache tag', '?tag=tag-2', 1, [true, false, true]],
    ['by several', '?tag=1&tag=2', 2, [false, false, true]],
    ['by a key that all have', '?tag=all', 3, [false, false, false]],
    ['by route', '?route=mine', 1, [true, true, false]],
    ['of everything', '?all=true', 3, [false, false, false]],
    ['of what nobody knows', '?tag=none&route=none', 0, [true, true, true]],
  ])('%s drops and counts', async (_, query, purged, left) => {
    const { purge, isStored, gw } = await start();
    const response = await purge(query);
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 200,
      body: { purged },
    });
    expect([await isStored('/1'), await isStored('/2'), await isStored('/mine/1')]).toEqual(left);
    expect(await gw.metric('breakwater_cache_purged_total')).toBe(purged);
  });

  it('by URL drops every user’s copy', async () => {
    const { purge, isStored, gw } = await start();
    const response = await purge(`?url=${encodeURIComponent(`${gw.url}/mine/1`)}`);
    expect(await response.json()).toEqual({ purged: 1 });
    expect([await isStored('/1'), await isStored('/mine/1')]).toEqual([true, false]);
  });

  it.each([
    ['names nothing', '', {}, 400],
    ['names a URL that is none', '?url=http://a/../b', {}, 400],
    ['comes from a page elsewhere', '?all=true', { headers: { 'sec-fetch-site': 'cross-site' } }, 403],
  ])('drops nothing when it %s', async (_, query, init, status) => {
    const { purge, isStored } = await start();
    expect((await purge(query, init)).status).toBe(status);
    expect(await isStored('/1')).toBe(true);
  });

  it('needs the token when the port is open to others', async () => {
    const config = configOf('management: { token: "a management token for tests" }');
    const gateway = await Gateway.start(config, { logger: false });
    onTestFinished(async () => {
      await gateway.close();
      register.clear();
    });
    const ask = (headers: Record<string, string>) =>
      fetch(`${gateway.managementUrl}/admin/cache/purge?all=true`, { method: 'POST', headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer a management token for tests' })).status).toBe(401);
    expect((await ask({ authorization: `Basic ${btoa('x:a management token for tests')}` })).status).toBe(
      200,
    );
  });
});

describe('breakwater_cache_bytes', () => {
  it('is what stored answers take', async () => {
    const { gw, purge } = await start();
    expect(await gw.metric('breakwater_cache_bytes')).toBeGreaterThan(3 * 1024);
    await purge('?all=true');
    expect(await gw.metric('breakwater_cache_bytes')).toBe(0);
  });
});

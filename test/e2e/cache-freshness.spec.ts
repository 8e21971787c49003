import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const YAML = `
cache: { ttl: 10m }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: short, match: { path: /short }, upstream: users, cache: { ttl: 300ms } }
  - { id: long, match: { path: /long }, upstream: users, cache: { ttl: 1h } }
  - { id: default, match: { path: /default }, upstream: users, cache: {} }
`;

async function start(headers: OutgoingHttpHeaders = {}) {
  const users = recording((_req, res) => void res.writeHead(200, headers).end(String(users.requests.length)));
  const gw = await gateway(YAML).withUpstream('users', users.handler).start();
  const get = async (path: string) => {
    const response = await gw.fetch(path);
    const [ttl] = /(?<=ttl=)\d+/.exec(response.headers.get('cache-status') ?? '') ?? [];
    return { body: await response.text(), age: response.headers.get('age'), ttl: ttl && Number(ttl) };
  };
  return { users, get };
}

describe('a response without a lifetime', () => {
  it.each([
    ['of its route', '/long', 3600],
    ['of the configuration', '/default', 600],
  ])('is fresh for the ttl %s', async (_, path, seconds) => {
    const { get } = await start();
    await get(path);
    const { body, ttl, age } = await get(path);
    expect({ body, age }).toEqual({ body: '1', age: '0' });
    // A busy machine may take seconds between the two requests.
    expect(ttl).toBeGreaterThan(seconds - 20);
    expect(ttl).toBeLessThanOrEqual(seconds);
  });

  it('is fetched again after its ttl', async () => {
    const { get } = await start();
    expect(await get('/short')).toMatchObject({ body: '1' });
    await until('the answer is another one', async () => (await get('/short')).body === '2');
  });
});

describe('a response with a lifetime', () => {
  it.each([
    ['max-age', { 'cache-control': 'max-age=60' }, 60],
    ['s-maxage, for a cache that is shared', { 'cache-control': 'max-age=5, s-maxage=60' }, 60],
    ['a quoted max-age', { 'cache-control': 'max-age="60"' }, 60],
    [
      'max-age before Expires',
      { 'cache-control': 'max-age=60', expires: 'Mon, 01 Jan 2024 00:00:00 GMT' },
      60,
    ],
  ])('is fresh for its own lifetime: %s', async (_, headers, seconds) => {
    for (const path of ['/short', '/long']) {
      const { get } = await start(headers);
      await get(path);
      const { body, ttl } = await get(path);
      expect(body).toBe('1');
      // A busy machine may take seconds between the two requests.
      expect(ttl).toBeGreaterThan(seconds - 20);
      expect(ttl).toBeLessThanOrEqual(seconds);
    }
  });

  it('is fetched again after its lifetime', async () => {
    const { get } = await start({ 'cache-control': 'max-age=1' });
    expect(await get('/long')).toMatchObject({ body: '1' });
    await until('the answer is another one', async () => (await get('/long')).body === '2', 3_000);
  });
});

describe('the Age of a response', () => {
  it('is sent and increases', async () => {
    const { get } = await start();
    expect(await get('/long')).toMatchObject({ body: '1', age: null });
    expect(await get('/long')).toMatchObject({ body: '1', age: '0' });
    await until('a second has passed', async () => (await get('/long')).age === '1', 3_000);
  });

  it('includes the Age from other caches', async () => {
    const { get } = await start({ age: '50', 'cache-control': 'max-age=60' });
    expect(await get('/long')).toMatchObject({ age: '50' });
    const { age, ttl } = await get('/long');
    expect(age).toBe('50');
    expect([9, 10]).toContain(ttl);
  });
});

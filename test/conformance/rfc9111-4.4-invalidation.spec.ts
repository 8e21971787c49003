import { describe, expect, it } from 'vitest';
import { bearer } from '../support/tokens.js';
import { oneGateway } from './one-gateway.js';

const gateway = oneGateway();
const FRESH = { headers: { 'cache-control': 'max-age=60' } };

/** Stores the responses of several paths below a resource before `answer` is requested. */
async function stored(status: number, headers: Record<string, string> = {}) {
  const resource = gateway.resource((_n, { method }) => (method === 'GET' ? FRESH : { status, headers }));
  for (const path of ['', '/1', '/1?a=b', '/2']) await resource.at(path);
  const isStored = async (path = '') =>
    (await resource.at(path, { 'cache-control': 'only-if-cached' })).status === 200;
  return { ...resource, isStored };
}

describe('RFC 9111 section 4.4: a successful unsafe request invalidates its target', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'])('when it is a %s', async (method) => {
    for (const status of [200, 201, 204, 303]) {
      const { get, isStored } = await stored(status);
      await get({}, method);
      expect([await isStored(), await isStored('/1')]).toEqual([false, true]);
    }
  });

  it.each(['OPTIONS', 'HEAD', 'GET'])('which the safe %s does not', async (method) => {
    const { get, isStored } = await stored(200);
    await get({ 'cache-control': 'no-store' }, method);
    expect(await isStored()).toBe(true);
  });

  it.each([400, 404, 409, 500, 503])('which a failure with %i does not', async (status) => {
    const { get, isStored } = await stored(status, { location: '1' });
    await get({}, 'POST');
    expect(await isStored()).toBe(true);
  });

  it('with its query and no other', async () => {
    const { at, isStored } = await stored(200);
    await at('/1?a=b', {}, 'PUT');
    expect([await isStored('/1'), await isStored('/1?a=b')]).toEqual([true, false]);
  });

  it('for all users', async () => {
    const { get, seen } = gateway.resource(() => FRESH, '/mine');
    for (const sub of ['alice', 'bob']) await get(bearer({ sub }));
    await get(bearer({ sub: 'alice' }), 'POST');
    expect((await get(bearer({ sub: 'bob' }))).body).toBe('4');
    expect(seen).toHaveLength(4);
  });
});

describe('RFC 9111 section 4.4: it also invalidates the URLs that it names', () => {
  it.each([
    ['absolute', (path: string) => `${gateway.url}${path}/1`, false],
    ['from the root', (path: string) => `${path}/1`, false],
    ['from the target', (path: string) => `${path.split('/').at(-1)}/1`, false],
    ['without a scheme', (path: string) => `${gateway.url.slice(5)}${path}/1`, false],
    ['with a fragment', (path: string) => `${path}/1#a`, false],
    ['of another port', (path: string) => `http://127.0.0.1:1${path}/1`, true],
    ['of another host', (path: string) => `http://elsewhere.test${path}/1`, true],
    ['of another scheme', (path: string) => `mailto:${path}/1`, true],
    ['that is none', () => 'http://[', true],
  ])('in a reference %s', async (_, reference, left) => {
    for (const field of ['location', 'content-location']) {
      const resource = gateway.resource((_n, { method }) =>
        method === 'GET' ? FRESH : { status: 201, headers: { [field]: reference(resource.path) } },
      );
      await resource.at('/1');
      await resource.get({}, 'POST');
      const { status } = await resource.at('/1', { 'cache-control': 'only-if-cached' });
      expect(status === 200).toBe(left);
    }
  });

  it('both at once', async () => {
    const resource = gateway.resource((_n, { method }) =>
      method === 'GET'
        ? FRESH
        : { headers: { location: `${resource.path}/1`, 'content-location': `${resource.path}/2` } },
    );
    for (const path of ['/1', '/2']) await resource.at(path);
    await resource.get({}, 'POST');
    for (const path of ['/1', '/2']) {
      expect((await resource.at(path, { 'cache-control': 'only-if-cached' })).status).toBe(504);
    }
  });
});

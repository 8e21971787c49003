import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

const start = () =>
  gateway(`
upstreams: { api: { url: "http://127.0.0.1:1" } }
routes:
  - id: beta
    match: { path: /users/**, headers: { x-beta: secret-value } }
    upstream: api
  - { id: users, match: { path: /users/**, methods: [GET] }, upstream: api, cache: { ttl: 1m } }`).start();

describe('the admin API', () => {
  it('explains a request as the command line does, with the configuration in force', async () => {
    const gw = await start();
    const read = async (query: string) => {
      const answer = await gw.management(`/admin/explain?${query}`);
      return [answer.status, JSON.stringify(await answer.json())] as const;
    };
    expect(await read('path=/users/1')).toMatchObject([200, expect.stringContaining('users matches it')]);
    const beta = await read(`path=/users/1&method=POST&header=${encodeURIComponent('X-Beta: secret-value')}`);
    expect(beta).toMatchObject([200, expect.stringContaining('beta matches it')]);
    expect(await read('path=/none')).toMatchObject([200, expect.stringContaining('404')]);
    expect((await read('method=GET'))[0]).toBe(400);
    expect((await read('path=/users&header=none'))[0]).toBe(400);
  });

  it('lists the routes without values of headers', async () => {
    const gw = await start();
    const text = await (await gw.management('/admin/routes')).text();
    expect(JSON.parse(text)).toMatchObject([
      { id: 'beta', path: '/users/**', headers: ['x-beta'], upstreams: ['api'] },
      { id: 'users', methods: ['GET'], cache: { ttlMs: 60_000 }, isPublic: true },
    ]);
    expect(text).not.toContain('secret-value');
  });
});

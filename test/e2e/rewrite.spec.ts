import { describe, expect, it } from 'vitest';
import { echo, gateway } from '../support/gateway.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}/base" } }
routes:
  - { id: strip, match: { path: /users/** }, upstream: users, rewrite: { stripPrefix: /users } }
  - { id: rest, match: { path: /v2/** }, upstream: users, rewrite: { path: "/v1/{rest}" } }
  - { id: name, match: { path: "/o/{user}/{order}" }, upstream: users, rewrite: { path: "/orders/{order}/of/{user}" } }
`;

describe('a rewritten path', () => {
  const gw = gateway(YAML)
    .withUpstream('users', (req, res) => void res.end(req.url))
    .startOnce();

  it.each([
    ['/users/1', '/users'],
    ['/users', '/users'],
    ['/users/', '/users'],
    ['/v2/a', undefined],
  ])('of %s comes with the prefix that was removed: %s', async (path, prefix) => {
    const gw = await gateway(YAML).withUpstream('users', echo).start();
    const { headers } = (await (await gw.fetch(path)).json()) as { headers: Record<string, string> };
    expect(headers['x-forwarded-prefix']).toBe(prefix);
  });

  it.each([
    ['/users/1?a=%2F..', '/base/1?a=%2F..'],
    ['/users', '/base/'],
    ['/users//1', '/base//1'],
    ['/users/https://a.test/b', '/base/https://a.test/b'],
    ['/v2/a/b?c', '/base/v1/a/b?c'],
    ['/v2', '/base/v1'],
    ['/o/al%20ice/7', '/base/orders/7/of/al%20ice'],
  ])('%s reaches the upstream as %s', async (path, expected) => {
    expect(await (await gw.fetch(path)).text()).toBe(expected);
  });
});

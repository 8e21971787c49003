import type { RequestListener } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
defaults: { retry: { attempts: 0 }, breaker: { mode: shadow }, timeout: 20s }
upstreams:
  users: { url: "\${USERS_URL}" }
  orders: { url: "\${ORDERS_URL}" }
routes:
  - id: open
    match: { path: "/open/{id}", methods: [GET] }
    auth: none
    cache: { ttl: 1h, staleIfError: 1h }
    gather: &parts
      user: { upstream: users, path: "/users/{id}" }
      orders: { upstream: orders, path: "/orders?user={id}" }
  - { id: shared, match: { path: "/shared/{id}", methods: [GET] }, cache: { ttl: 1h, per: public }, gather: *parts }
`;

const answers: { users: RequestListener; orders: RequestListener } = { users: json(), orders: json() };

function json(cacheControl?: string): RequestListener {
  return (_req, res) => {
    if (cacheControl !== undefined) res.setHeader('Cache-Control', cacheControl);
    res.end('{}');
  };
}

const gw = gateway(YAML)
  .withUpstream('users', (req, res) => answers.users(req, res))
  .withUpstream('orders', (req, res) => answers.orders(req, res))
  .startOnce();

beforeEach(() => {
  answers.users = json();
  answers.orders = json();
});

describe('a cached document of several parts', () => {
  it('is not used when stale if a part forbids it', async () => {
    answers.users = json('max-age=0, must-revalidate');
    expect((await ask(`${gw.url}/open/strict`)).status).toBe(200);
    answers.users = (req) => req.socket.destroy();
    expect((await ask(`${gw.url}/open/strict`)).status).toBe(502);
  });

  it('is shared by all users if all parts are public', async () => {
    answers.users = json('public');
    answers.orders = json('public, max-age=60');
    const get = (sub: string) => ask(`${gw.url}/shared/public`, bearer({ sub }));
    expect((await get('alice')).headers['cache-control']).toMatch(/^public, max-age=\d+$/);
    expect((await get('bob')).cacheStatus).toContain('hit');
    expect((await ask(`${gw.url}/shared/public`)).status).toBe(401);
  });

  it('is not shared with other users if only one part may be shared', async () => {
    answers.users = json('max-age=60, must-revalidate');
    const get = (sub: string) => ask(`${gw.url}/shared/mixed`, bearer({ sub }));
    expect((await get('alice')).headers['cache-control']).toMatch(/^private, max-age=\d+, must-revalidate$/);
    expect((await get('bob')).cacheStatus).not.toContain('hit');
  });

  it('of an anonymous client is not used for users if only one part may be shared', async () => {
    answers.users = json('max-age=60, must-revalidate');
    const get = (headers = {}) => ask(`${gw.url}/open/anonymous`, headers);
    await get();
    expect((await get()).cacheStatus).toContain('hit');
    expect((await get(bearer({ sub: 'alice' }))).cacheStatus).not.toContain('hit');
  });
});

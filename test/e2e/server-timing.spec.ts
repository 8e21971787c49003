import { expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const TOKEN = 'operators-only-token';

async function start(token = TOKEN) {
  const users = recording((_req, res) => {
    res.setHeader('Server-Timing', 'db;dur=3');
    res.writeHead(users.requests.length === 1 ? 500 : 200).end('hello');
  });
  const gw = await gateway(`
management: { token: "${token}" }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
defaults: { balancer: round-robin }
upstreams:
  users: { url: "\${USERS_URL}", retry: { attempts: 1, on: [500], backoff: { base: 1ms } } }
  down: { url: "\${DOWN_URL}", retry: { attempts: 0 }, fallback: { response: { status: 200, body: away } } }
routes:
  - { id: users, match: { path: /users/** }, upstream: users, cache: { ttl: 1m } }
  - { id: down, match: { path: /down }, upstream: down, auth: none }`)
    .withUpstream('users', users.handler)
    .withEnv({ DOWN_URL: await closedPort() })
    .start();
  const ask = async (path: string, given: string | undefined = TOKEN, headers = {}) => {
    const asking = given === '' ? {} : { 'breakwater-timing': given };
    const response = await gw.fetch(path, { headers: { ...bearer(), ...asking, ...headers } });
    await response.text();
    return response.headers.get('server-timing');
  };
  return { gw, users, ask };
}

it('Server-Timing describes the request for callers with the management token', async () => {
  const { gw, users, ask } = await start();
  const { host } = new URL(gw.urlOf('users'));
  const timing = await ask('/users/7');
  const dur = 'dur=[\\d.]+';
  expect(timing).toMatch(
    new RegExp(
      `^db;dur=3, route;desc="users", auth;desc="verified by main", cache;desc="Breakwater; fwd=uri-miss", ` +
        `try;${dur};desc="users http://${host}/? 500", try;${dur};desc="users http://${host}/?.*", gateway;${dur}, total;${dur}$`,
    ),
  );
  expect(users.requests.map(({ headers }) => headers['breakwater-timing'])).toEqual([undefined, undefined]);
  expect(await ask('/users/7')).toMatch(/cache;desc="Breakwater; hit; .*", gateway;/);
  expect(await ask('/down')).toMatch(
    /route;desc="down", try;.*, failure;desc="down connect_failed ECONNREFUSED .*", fallback;desc="response", gateway;/,
  );
  expect(await ask('/users/7', TOKEN, { authorization: 'Bearer x' })).toMatch(/auth;desc="malformed"/);
  expect(await ask('/nowhere')).toMatch(/^gateway;dur=[\d.]+, total;dur=[\d.]+$/);
});

it('Server-Timing is absent for others, and after ten wrong tokens for the whole address', async () => {
  const { ask } = await start();
  for (const given of ['', 'wrong', `${TOKEN}x`]) expect(await ask('/down', given)).toBeNull();
  expect(await ask('/down')).not.toBeNull();
  for (let i = 0; i < 8; i++) expect(await ask('/down', `guess-${i}`)).toBeNull();
  expect(await ask('/down')).toBeNull();
});

it('ten wrong tokens on the public port do not lock out the admin API', async () => {
  const { gw, ask } = await start();
  for (let i = 0; i < 11; i++) await ask('/down', `guess-${i}`);
  const overview = await gw.management('/admin/overview', { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(overview.status).toBe(200);
});

it('Server-Timing is absent when no management token is configured', async () => {
  const { ask } = await start('');
  for (const given of [' ', TOKEN]) expect(await ask('/down', given)).toBeNull();
});

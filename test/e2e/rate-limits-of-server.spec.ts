import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { bearer, SECRET } from '../support/tokens.js';
import { handshake, webSocketUpstream } from '../support/websocket.js';

function start(server: string, { auth = 'none', route = '' } = {}) {
  return gateway(`
server: { ${server} }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { api: { url: "\${API_URL}" } }
routes:
  - { id: a, match: { path: /a/** }, upstream: api, auth: ${auth}, ${route} }
  - { id: b, match: { path: /b/** }, upstream: api, auth: ${auth}, ${route} }`);
}

const ok = (_req: unknown, res: { end(text: string): void }) => res.end('ok');

it('counts over all routes, also those without limits of their own', async () => {
  const gw = await start('rateLimit: { requests: 3, per: 1h }').withUpstream('api', ok).start();
  const answers = [];
  for (const path of ['/a/1', '/b/1', '/a/2', '/b/2']) answers.push(await gw.fetch(path));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"server-ip";q=3;w=3600');
});

it('counts requests with wrong tokens and to unknown paths', async () => {
  const gw = await start('rateLimit: { requests: 4, per: 1h }', { auth: '{ scopes: [] }' })
    .withUpstream('api', ok)
    .start();
  const wrong = { headers: bearer({}, { key: 'a wrong secret of at least 32 bytes, guessed' }) };
  const statuses = [];
  for (const path of ['/a/1', '/a/1', '/none', '/a/%00', '/a/1', '/none'])
    statuses.push((await gw.fetch(path, wrong)).status);
  expect(statuses).toEqual([401, 401, 404, 400, 429, 429]);
  // A valid token does not help: somebody at this address is guessing.
  expect((await gw.fetch('/a/1', { headers: bearer() })).status).toBe(429);
  expect(await gw.metric('breakwater_ratelimit_rejections_total{route="none",key="ip",mode="enforce"}')).toBe(
    1,
  );
});

it('applies with the limits of the route', async () => {
  const gw = await start('rateLimit: { requests: 3, per: 1h }', {
    route: 'rateLimit: { requests: 2, per: 1m }',
  })
    .withUpstream('api', ok)
    .start();
  const statuses = [];
  for (const path of ['/a/1', '/a/1', '/a/1', '/b/1']) statuses.push((await gw.fetch(path)).status);
  // The third one counts for the server, although the route rejects it.
  expect(statuses).toEqual([200, 200, 429, 429]);
});

it('does not count preflight requests that the gateway answers', async () => {
  const gw = await start('cors: { origins: ["https://app.test"] }, rateLimit: { requests: 1, per: 1h }')
    .withUpstream('api', ok)
    .start();
  const headers = { origin: 'https://app.test', 'access-control-request-method': 'GET' };
  for (let i = 0; i < 3; i++)
    expect((await gw.fetch('/a/1', { method: 'OPTIONS', headers })).status).toBe(204);
  const { origin } = headers;
  expect((await gw.fetch('/a/1', { headers: { origin } })).status).toBe(200);
  const refused = await gw.fetch('/a/1', { headers: { origin } });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('ratelimit');
});

it('counts each of the requests that are pipelined', async () => {
  const gw = await start('rateLimit: { requests: 3, per: 1h }').withUpstream('api', ok).start();
  const requests = Array.from({ length: 4 }, (_, i) => requestHead(`GET /a/${i}`)).join('');
  const answer = await raw(gw.url, requests + requestHead('GET /a/last', 'Connection: close'));
  expect(answersIn(answer).map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
});

it('counts WebSocket handshakes, and sends them the headers', async () => {
  const upstream = webSocketUpstream();
  const gw = await start('rateLimit: { requests: 1, per: 1h }', { route: 'websocket: true' })
    .withUpstream('api', upstream.server)
    .start();
  const first = await RawConnection.to(gw.url);
  await first.send(handshake('GET /a/1')).until('RateLimit: "server-ip";r=0;t=3600');
  expect(first.received).toMatch(/^HTTP\/1\.1 101 /);
  const second = await RawConnection.to(gw.url);
  expect(await second.send(handshake('GET /a/1')).until('rate_limited')).toMatch(/^HTTP\/1\.1 429 /);
});

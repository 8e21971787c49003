import { createServer, type RequestListener } from 'node:http';
import { expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway, listen } from '../support/gateway.js';
import { ask } from '../support/http.js';

/** Names itself below the first segment of its paths, with its host and without. */
const naming: RequestListener = (req, res) => {
  const [base = ''] = /^\/v\d/.exec(req.url ?? '') ?? [];
  res.setHeader('location', `${base}/items/5`);
  res.setHeader('content-location', `http://${req.headers.host}${base}/items/5`);
  // A response with a cookie is not stored.
  if (req.url?.endsWith('/login')) res.setHeader('set-cookie', `a=1; Path=${base}/items`);
  res.end(base);
};

const MAPPED = { location: '/items/5', 'content-location': '/items/5' };
const WITH_COOKIE = { ...MAPPED, 'set-cookie': ['a=1; Path=/items'] };

async function start(yaml: string) {
  const env = { HERE: await listen(createServer(naming)), AWAY: await closedPort() };
  return gateway(yaml).withEnv(env).start();
}

it('the address of the fallback of a fallback stays internal', async () => {
  const gw = await start(`
    defaults: { retry: { attempts: 0 } }
    upstreams:
      first: { url: "\${AWAY}/v1", fallback: { upstream: second } }
      second: { url: "\${AWAY}/v2", fallback: { upstream: third } }
      third: { url: "\${HERE}/v3" }
    routes: [{ id: all, match: { path: /** }, upstream: first }]
  `);
  expect(await ask(`${gw.url}/login`)).toMatchObject({ body: '/v3', headers: WITH_COOKIE });
});

it.each([
  ['split: [{ upstream: first }, { upstream: second, weight: 0 }]', ['/v1']],
  ['split: [{ upstream: first, weight: 0 }, { upstream: second }]', ['/v2']],
  ['upstream: both', ['/v1', '/v2']],
])('paths are mapped back by the target that has answered: %s', async (keys, bodies) => {
  const gw = await start(`
    upstreams:
      first: { url: "\${HERE}/v1" }
      second: { url: "\${HERE}/v2" }
      both: { targets: [{ url: "\${HERE}/v1" }, { url: "\${HERE}/v2" }], balancer: round-robin }
    routes: [{ id: all, match: { path: /** }, ${keys}, cache: { ttl: 1m } }]
  `);
  const seen = new Set<string>();
  for (const path of ['/1', '/2']) {
    const first = await ask(gw.url + path);
    expect(first.headers).toMatchObject(MAPPED);
    seen.add(first.body);
    const cacheStatus = expect.stringContaining('hit') as string;
    expect(await ask(gw.url + path)).toMatchObject({ body: first.body, headers: MAPPED, cacheStatus });
    expect((await ask(`${gw.url}/login`)).headers).toMatchObject(WITH_COOKIE);
    await ask(`${gw.url}/login`);
  }
  expect(seen).toEqual(new Set(bodies));
});

it.each(['preserve', 'example.com'])('a redirect to TLS leads there, with rewrite.host: %s', async (host) => {
  const yaml = `
    server: { trustProxy: [127.0.0.1] }
    upstreams: { app: { url: "\${APP_URL}" } }
    routes:
      - { id: app, match: { path: /app/** }, upstream: app, rewrite: { host: ${host} } }
      - { id: strip, match: { path: /strip/** }, upstream: app, rewrite: { host: ${host}, stripPrefix: /strip } }
  `;
  const gw = await gateway(yaml)
    .withUpstream('app', (req, res) => {
      res.setHeader('location', `https://${req.headers.host}${req.url}`);
      res.setHeader('set-cookie', `a=1; Domain=${req.headers.host}`).writeHead(301).end();
    })
    .start();
  const proto = { 'x-forwarded-proto': 'https' };
  const cookies = { 'set-cookie': ['a=1; Domain=example.com'] };
  for (const path of ['/app/1', '/strip/1']) {
    const { headers } = await ask(gw.url + path, { host: 'example.com' });
    expect(headers).toMatchObject({ location: `https://example.com${path}`, ...cookies });
    const overTls = await ask(gw.url + path, { host: 'example.com', ...proto });
    expect(overTls.headers).toMatchObject({ location: path, ...cookies });
  }
});

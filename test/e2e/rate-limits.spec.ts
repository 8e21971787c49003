import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';

const AUTH = `auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }`;

function start(route: string, more = '') {
  return gateway(`
${more}
upstreams: { api: { url: "\${API_URL}" } }
routes: [{ id: api, match: { path: /api/** }, upstream: api, ${route} }]`)
    .withUpstream('api', (_req, res) => void res.end('ok'))
    .start();
}

/** @returns how many requests got each status */
async function statuses(requests: Iterable<Promise<Response>>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(requests)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

it('accepts requests up to the limit, and answers the rest with 429', async () => {
  const gw = await start('rateLimit: { requests: 100, per: 1h }');
  const many = Array.from({ length: 130 }, () => gw.fetch('/api/1'));
  expect(await statuses(many)).toEqual({ 200: 100, 429: 30 });
  const refused = await gw.fetch('/api/1');
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(await refused.json()).toMatchObject({
    status: 429,
    code: 'rate_limited',
    detail: expect.stringMatching(/^The limit is 100 requests in 1h\. Try again in \d+ s\.$/) as string,
  });
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(3_500);
  expect(seconds).toBeLessThanOrEqual(3_600);
  expect(
    await gw.metric('breakwater_ratelimit_rejections_total{route="api",key="user",mode="enforce"}'),
  ).toBe(31);
});

it('accepts a burst in addition', async () => {
  const gw = await start('rateLimit: { requests: 5, per: 1h, burst: 3 }');
  const many = Array.from({ length: 12 }, () => gw.fetch('/api/1'));
  expect(await statuses(many)).toEqual({ 200: 8, 429: 4 });
});

it('accepts a client again after Retry-After', async () => {
  const gw = await start('rateLimit: { requests: 2, per: 1s }');
  await gw.fetch('/api/1');
  await gw.fetch('/api/1');
  const began = performance.now();
  let answer = await gw.fetch('/api/1');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  while (answer.status === 429 && performance.now() - began < 10_000) answer = await gw.fetch('/api/1');
  expect(answer.status).toBe(200);
});

it('counts users by identity from any address, and anonymous clients by address', async () => {
  const gw = await start('auth: { optional: true }, rateLimit: { requests: 2, per: 1h, key: user }', AUTH);
  const as = async (headers: Record<string, string>) => (await gw.fetch('/api/1', { headers })).status;
  const alice = bearer({ sub: 'alice', jti: '1' });
  expect([await as(alice), await as(bearer({ sub: 'alice', jti: '2' })), await as(alice)]).toEqual([
    200, 200, 429,
  ]);
  expect(await as(bearer({ sub: 'bob' }))).toBe(200);
  expect([await as({}), await as({}), await as({})]).toEqual([200, 200, 429]);
});

it('applies several limits, and lists them in RateLimit-Policy', async () => {
  const gw = await start(
    'auth: { optional: true }, rateLimit: [{ requests: 3, per: 1h, key: route }, { requests: 2, per: 1m, key: user }]',
    AUTH,
  );
  const as = (sub: string) => gw.fetch('/api/1', { headers: bearer({ sub }) });
  const first = await as('alice');
  expect(first.headers.get('ratelimit-policy')).toBe('"route";q=3;w=3600, "user";q=2;w=60');
  expect(first.headers.get('ratelimit')).toBe('"route";r=2;t=3600, "user";r=1;t=60');
  expect((await as('alice')).status).toBe(200);
  expect((await as('bob')).status).toBe(200);
  // The route has had its three requests.
  const refused = await as('carol');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('ratelimit')).toMatch(/^"route";r=0;t=\d+$/);
});

it('counts cached answers, too', async () => {
  const gw = await start('cache: { ttl: 1h }, rateLimit: { requests: 2, per: 1h }');
  await gw.fetch('/api/1');
  const hit = await gw.fetch('/api/1');
  expect(hit.headers.get('cache-status')).toContain('hit');
  expect(hit.headers.get('ratelimit')).toMatch(/^"user";r=0;t=\d+$/);
  expect((await gw.fetch('/api/1')).status).toBe(429);
});

it('counts in shadow mode without rejections or headers', async () => {
  const gw = await start('rateLimit: { requests: 2, per: 1h, key: ip, mode: shadow }');
  const many = Array.from({ length: 5 }, () => gw.fetch('/api/1'));
  expect(await statuses(many)).toEqual({ 200: 5 });
  expect((await gw.fetch('/api/1')).headers.get('ratelimit')).toBeNull();
  expect(await gw.metric('breakwater_ratelimit_rejections_total{route="api",key="ip",mode="shadow"}')).toBe(
    4,
  );
});

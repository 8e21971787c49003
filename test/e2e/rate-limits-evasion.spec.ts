import { expect, it } from 'vitest';
import { gateway, type RunningGateway } from '../support/gateway.js';

function start(trustProxy: string, key: string, host?: string) {
  const builder = gateway(`
server: { trustProxy: [${trustProxy}] }
upstreams: { api: { url: "\${API_URL}" } }
routes: [{ id: api, match: { path: /** }, upstream: api, rateLimit: { requests: 3, per: 1h, key: "${key}" } }]`).withUpstream(
    'api',
    (_req, res) => void res.end('ok'),
  );
  return (host ? builder.listeningOn(host) : builder).start();
}

async function passed(gw: RunningGateway, headersOf: (i: number) => Record<string, string>): Promise<number> {
  const answers = Array.from({ length: 10 }, (_, i) => gw.fetch('/', { headers: headersOf(i) }));
  return (await Promise.all(answers)).filter(({ status }) => status === 200).length;
}

it.each([
  'X-Forwarded-For',
  'x-forwarded-for',
  'Forwarded',
  'X-Real-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
])('an untrusted peer does not get another limit by %s', async (name) => {
  const gw = await start('10.0.0.0/8', 'ip');
  expect(await passed(gw, (i) => ({ [name]: `198.51.100.${i}` }))).toBe(3);
});

it('a client behind a trusted proxy cannot change its limit by headers that it sends to the proxy', async () => {
  const gw = await start('127.0.0.1', 'ip');
  expect(await passed(gw, (i) => ({ 'x-forwarded-for': `198.51.100.${i}, 192.0.2.1` }))).toBe(3);
  expect(await passed(gw, (i) => ({ 'x-forwarded-for': `192.0.2.2:${40_000 + i}` }))).toBe(3);
});

it('clients behind a trusted proxy have their own limits', async () => {
  const gw = await start('127.0.0.1', 'ip');
  expect(await passed(gw, (i) => ({ 'x-forwarded-for': `198.51.100.${i}` }))).toBe(10);
});

it('a client does not get another limit by another address of its IPv6 network', async () => {
  const gw = await start('127.0.0.1', 'ip');
  expect(await passed(gw, (i) => ({ 'x-forwarded-for': `2001:db8:1:2::${i}` }))).toBe(3);
  expect(await passed(gw, (i) => ({ 'x-forwarded-for': `2001:db8:1:${i + 3}::1` }))).toBe(10);
});

it('an IPv4 address is the same when it is mapped to IPv6', async () => {
  const gw = await start('127.0.0.1', 'ip');
  expect(
    await passed(gw, (i) => ({ 'x-forwarded-for': i % 2 === 0 ? '192.0.2.1' : '::ffff:192.0.2.1' })),
  ).toBe(3);
});

it('a header only counts from a trusted peer', async () => {
  const tenant = (i: number) => ({ 'x-tenant': `t${i}` });
  expect(await passed(await start('', 'header:X-Tenant'), tenant)).toBe(3);
  expect(await passed(await start('127.0.0.1', 'header:X-Tenant'), tenant)).toBe(10);
});

import { register } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Gateway } from '../../src/gateway.js';
import { configOf, gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { until } from '../support/until.js';

const yaml = (management: string) => `
server: { host: 127.0.0.1, port: 0 }
management: ${management}
upstreams:
  orders: { url: "\${ORDERS_URL}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 2 } }
routes:
  - { id: orders, match: { path: /orders }, upstream: orders }`;

const start = (management: string) =>
  gateway(yaml(management))
    .withUpstream('orders', (_req, res) => res.writeHead(500).end())
    .start();

const withToken = (field: string) => ({ headers: { Authorization: field } });
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('the admin API', () => {
  it('reports every upstream and the timeline of an outage', async () => {
    const gw = await start('{ port: 0 }');
    await gw.fetch('/orders');
    await gw.fetch('/orders');
    const state = 'breakwater_breaker_state{upstream="orders"}';
    await until('the breaker is open', async () => (await gw.metric(state)) === 2);

    const response = await gw.management('/admin/overview');

    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({
      upstreams: [
        {
          id: 'orders',
          breaker: {
            state: 'open',
            retryAfter: expect.any(Number),
            lastFailures: [
              { outcome: 'upstream_status', detail: '500', at: expect.stringMatching(ISO_8601) },
              { outcome: 'upstream_status', detail: '500', at: expect.stringMatching(ISO_8601) },
            ],
          },
          bulkhead: { inFlight: 0, queued: 0 },
          targets: [{ name: expect.stringContaining('127.0.0.1:'), state: 'available', inFlight: 0 }],
        },
      ],
      timeline: [{ upstream: 'orders', from: 'closed', to: 'open', reason: 'consecutive-failures' }],
    });
  });

  it('serves the dashboard and every file that it refers to', async () => {
    const gw = await start('{ port: 0 }');
    const page = await gw.management('/admin/dashboard');
    expect(page.url).toBe(`${gw.gateway.managementUrl}/`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    const files = [...(await page.text()).matchAll(/(?:src|href)="(dashboard[^"]+)"/g)].map(
      ([, file]) => file,
    );
    expect(files).toHaveLength(5);
    for (const file of files) expect((await gw.management(`/${file}`)).status).toBe(200);
    for (const file of ['wire.d.ts', 'words.spec.ts', '..%2fadmin.guard.js', 'page', 'no.js'])
      expect((await gw.management(`/dashboard/${file}`)).status).toBe(404);
  });

  it('is not reachable on the public port', async () => {
    const gw = await start('{ port: 0 }');
    expect((await gw.fetch('/admin/overview')).status).toBe(404);
  });

  it.each([
    ['127.0.0.1:9090', 200],
    ['[::1]:9090', 200],
    ['localhost', 200],
    ['evil.example:9090', 401],
    ['127.0.0.1.evil.example', 401],
    ['localhost.evil.example', 401],
  ])(
    'checks the Host header on loopback without a token, against DNS rebinding: %s gets %i',
    async (host, status) => {
      const gw = await start('{ port: 0 }');
      const request = requestHead('GET /admin/overview', `Host: ${host}`, 'Connection: close');
      const [answer] = answersIn(await raw(gw.gateway.managementUrl, request));
      expect(answer?.status).toBe(status);
    },
  );

  it('requires the configured token, also on loopback', async () => {
    const gw = await start('{ port: 0, token: "to:ken" }');
    const refused = await gw.management('/admin/overview');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Basic realm="breakwater"');
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(await refused.json()).toMatchObject({ code: 'admin_token_required' });
    const status = async (field: string) => (await gw.management('/admin/overview', withToken(field))).status;
    expect(await status('Bearer to:ken')).toBe(200);
    expect(await status(basic('anybody:to:ken'))).toBe(200);
    expect(await status('Bearer to:kem')).toBe(401);
    expect(await status(basic('to:ken'))).toBe(401);
    expect(await status('Digest to:ken')).toBe(401);
    expect((await gw.management('/health')).status).toBe(200);
    expect((await gw.management('/metrics')).status).toBe(200);
  });

  it('rejects everybody on a public interface without a configured token', async () => {
    const config = configOf(yaml('{}'), { ORDERS_URL: 'http://127.0.0.1:1' });
    const management = { ...config.management, host: '0.0.0.0' };
    const gw = await Gateway.start({ ...config, management }, { logger: false });
    onTestFinished(async () => {
      await gw.close();
      register.clear();
    });
    const status = async (init?: RequestInit) =>
      (await fetch(`${gw.managementUrl}/admin/overview`, init)).status;
    expect(await status()).toBe(401);
    expect(await status(withToken('Bearer '))).toBe(401);
    expect(await status(withToken(basic('')))).toBe(401);
  });

  it('answers an unknown path with a problem document', async () => {
    const gw = await start('{ port: 0 }');
    const response = await gw.management('/nothing');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'no_route' });
  });
});

import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';

const YAML = `
auth: { main: { secret: "0123456789abcdef0123456789abcdef", algorithms: [HS256] } }
upstreams: { orders: { url: "\${ORDERS_URL}" } }
routes:
  - { id: orders, match: { path: /orders/**, methods: [GET] }, upstream: orders, auth: none }
  - { id: private, match: { path: /private }, upstream: orders }
`;

async function start() {
  const url = await closedPort();
  return { url, gw: await gateway(YAML).withEnv({ ORDERS_URL: url }).start() };
}

describe('a problem document', () => {
  it.each([
    [400, 'malformed_path', '/orders/%2f'],
    [401, 'token_missing', '/private'],
    [404, 'no_route', '/nowhere'],
    [502, 'upstream_unreachable', '/orders/1'],
  ])('has the members of RFC 9457: %i', async (status, code, path) => {
    const { gw } = await start();
    const response = await gw.fetch(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({
      type: `urn:breakwater:problem:${code}`,
      title: expect.stringMatching(/^[A-Z][^\n]+$/),
      status,
      code,
      requestId: response.headers.get('x-request-id'),
    });
  });

  it('names the upstream that it is about', async () => {
    const { gw } = await start();
    expect(await (await gw.fetch('/orders/1')).json()).toMatchObject({ upstream: 'orders' });
    expect(await (await gw.fetch('/nowhere')).json()).not.toHaveProperty('upstream');
    expect(await (await gw.fetch('/private')).json()).not.toHaveProperty('upstream');
  });

  it('contains no address, port, system error code or stack', async () => {
    const { gw, url } = await start();
    const received = await raw(gw.url, requestHead('GET /orders/secret?token=1', 'Connection: close'));
    expect(received).toContain('"upstream_unreachable"');
    expect(received).not.toContain(new URL(url).port);
    expect(received).not.toMatch(/127\.0\.0\.1|localhost|ECONN|undici|node:|\.[jt]s\b|\bat |secret|token=1/);
  });

  it('has no body in response to HEAD', async () => {
    const { gw } = await start();
    const received = await raw(gw.url, requestHead('HEAD /nowhere', 'Connection: close'));
    expect(received).toMatch(/^HTTP\/1\.1 404 /);
    expect(received).toMatch(/\r\nContent-Length: [1-9]\d*\r\n/i);
    expect(received.endsWith('\r\n\r\n')).toBe(true);
  });
});

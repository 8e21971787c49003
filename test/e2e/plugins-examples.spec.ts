import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { echo, listen } from '../support/gateway.js';
import { breakwater, keepUntilEnd, temporaryFile } from '../support/process.js';

const SECRET = 's'.repeat(32);
const FILE = 'examples/plugins/gateway.yaml';

let url = '';
const keep = keepUntilEnd();
const named = (name: string) =>
  listen(
    createServer((_req, res) => void res.end(name)),
    keep,
  );
beforeAll(async () => {
  const env = {
    SIGNING_SECRET: SECRET,
    SHOP_URL: await listen(createServer(echo), keep),
    ORDERS_URL: await named('stable'),
    ORDERS_CANARY_URL: await named('canary'),
    MENU_URL: 'http://127.0.0.1:9',
  };
  const text = await readFile(FILE, 'utf8');
  const here = new URL('../../examples/plugins/', import.meta.url).pathname;
  // The same file with ephemeral ports.
  const moved = text
    .replaceAll('use: ./', `use: ${here}`)
    .replaceAll(/file: (\w+\.json)/g, `file: ${here}$1`);
  const ports =
    'server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s, drain: 1s } }\nmanagement: { port: 0 }\n';
  const gateway = breakwater(
    ['start', '-c', await temporaryFile('gateway.yaml', ports + moved, keep)],
    env,
    keep,
  );
  url = String((await gateway.json(({ msg }) => msg === 'listening'))['url']);
}, 60_000);

const get = (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers });

describe('the example plugins', { timeout: 60_000 }, () => {
  it('sign requests', async () => {
    const { headers } = (await (await get('/shop/1?a=b')).json()) as Pick<IncomingMessage, 'headers'>;
    const [, time = '', signature] = /^t=(\d+),v1=(\w+)$/.exec(String(headers['x-signature'])) ?? [];
    const text = [time, 'GET', '/shop/1?a=b', ''].join('\n');
    expect(signature).toBe(createHmac('sha256', SECRET).update(text).digest('hex'));
  });

  it('keep a browser in its group', async () => {
    const first = await get('/shop/1');
    const group = ((await first.json()) as Pick<IncomingMessage, 'headers'>).headers['x-group'];
    expect(group).toMatch(/^(?:blue|green)$/);
    expect(first.headers.getSetCookie()).toEqual([
      expect.stringMatching(new RegExp(`^ab=${String(group)}; Path=/; Max-Age=2592000;`)),
    ]);
    for (const known of ['blue', 'green']) {
      const next = await get('/shop/1', { cookie: `a=1; ab=${known}` });
      expect(await next.json()).toHaveProperty('headers.x-group', known);
      expect(next.headers.getSetCookie()).toEqual([]);
    }
  });

  it('know partners by their keys, and send them to the canary on request', async () => {
    expect((await get('/orders/1')).headers.get('www-authenticate')).toBe('PartnerKey realm="shop"');
    expect((await get('/orders/1', { 'x-partner-key': 'wrong' })).status).toBe(401);
    const key = { 'x-partner-key': 'acme-example-key' };
    for (const canary of ['false', 'true', 'false']) {
      const response = await get('/orders/1', { ...key, 'x-canary': canary });
      expect(await response.text()).toBe(canary === 'true' ? 'canary' : 'stable');
    }
  });

  it('respond with the last menu while the menu service is down', async () => {
    const response = await get('/menu/today');
    expect([response.status, response.headers.get('breakwater-fallback')]).toEqual([200, 'plugin']);
    expect(await response.json()).toMatchObject({ path: '/menu/today', isCurrent: false });
    expect((await fetch(`${url}/menu/today`, { method: 'POST' })).status).toBe(502);
  });
});

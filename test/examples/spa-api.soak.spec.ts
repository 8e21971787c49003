import { beforeAll, describe, expect, it } from 'vitest';
import { keepUntilEnd } from '../support/process.js';
import { until } from '../support/until.js';
import { type RunningExample, startExample } from './run-example.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('npm run example spa-api', { timeout: 300_000 }, () => {
  const keep = keepUntilEnd();
  let example: RunningExample;
  beforeAll(async () => {
    example = await startExample('spa-api', keep);
  }, 300_000);

  const logIn = (body: object) =>
    example.fetch('/api/login', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });

  it('serves the application, with headers that let a browser run it', async () => {
    const page = await example.fetch('/');
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Harbour shop')]);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const script = await example.fetch('/app.js');
    expect(script.headers.get('content-type')).toContain('text/javascript');
    expect((await example.fetch('/app.js')).headers.get('cache-status')).toContain('hit');
    // The application knows what the address stands for.
    expect(await (await example.fetch('/products/7')).text()).toContain('Harbour shop');
  });

  it('needs a token, which a login gives', async () => {
    expect((await example.fetch('/api/me')).status).toBe(401);
    expect((await logIn({ name: 'bob', password: 'guess' })).status).toBe(401);
    const { token } = (await (await logIn({ name: 'bob', password: 'open sesame' })).json()) as {
      token: string;
    };
    const me = await example.fetch('/api/me', {
      headers: { Authorization: `Bearer ${token}`, 'X-User-Id': 'mallory' },
    });
    expect(await me.json()).toEqual({ user: 'bob' });
    expect(await (await example.asUser('/api/me')).json()).toEqual({ user: 'alice' });
    await until('passwords cannot be guessed at speed', async () => (await logIn({})).status === 429);
  });

  it('admits the developer’s server, and no other page', async () => {
    const preflight = async (origin: string) => {
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'GET' };
      const response = await example.fetch('/api/me', { method: 'OPTIONS', headers });
      return response.headers.get('access-control-allow-origin');
    };
    expect(await preflight('http://localhost:5173')).toBe('http://localhost:5173');
    expect(await preflight('http://evil.example')).toBeNull();
  });

  it('keeps pages and products up while the API is frozen, and gets it back', async () => {
    const before = (await (await example.fetch('/api/products')).json()) as { at: string };
    example.signal('api', 'SIGSTOP');
    await until('its breaker is open', async () => (await example.asUser('/api/me')).status === 503);
    const stale = await until('products are stale', async () => {
      const response = await example.fetch('/api/products');
      expect(response.status).toBe(200);
      return response.headers.get('cache-status')?.includes('stale') ? response : undefined;
    });
    expect(((await stale.json()) as { at: string }).at >= before.at).toBe(true);
    expect((await example.fetch('/')).status).toBe(200);

    example.signal('api', 'SIGCONT');
    await until('the API is back', async () => (await example.asUser('/api/me')).status === 200);
  });

  it('stops everything, also what is frozen', async () => {
    example.signal('api', 'SIGSTOP');
    expect(await example.stop()).toEqual({ exitCode: 0, alive: [] });
  });
});

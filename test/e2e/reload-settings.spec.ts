import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';

const OTHER_SECRET = SECRET.toUpperCase();

const yaml = (sections: string, route = '') => `
${sections}
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /users/** }, upstream: users${route} }, { id: other, match: { path: /other/** }, upstream: users, cache: {}, auth: none }]
`;

const start = (text: string) => {
  let calls = 0;
  return gateway(text)
    .withUpstream('users', (_req, res) => {
      res.setHeader('Location', '/moved');
      res.end(String(++calls));
    })
    .start();
};

describe('a reload puts in force', () => {
  it('another key of a provider, also for tokens that the old key verified', async () => {
    const auth = (secret: string) => yaml(`auth: { main: { secret: "${secret}", algorithms: [HS256] } }`);
    const gw = await start(auth(SECRET));
    const status = async (key: string) =>
      (await gw.fetch('/users/1', { headers: bearer({}, { key }) })).status;
    expect([await status(SECRET), await status(OTHER_SECRET)]).toEqual([200, 401]);
    await gw.reload(auth(OTHER_SECRET));
    expect([await status(SECRET), await status(OTHER_SECRET)]).toEqual([401, 200]);
    await gw.reload(yaml(''));
    expect((await gw.fetch('/users/1')).status).toBe(200);
  });

  it('CORS, the limit of bodies and security headers', async () => {
    const gw = await start(yaml(''));
    const ask = async () => {
      const headers = { origin: 'https://app.example' };
      const response = await gw.fetch('/users/1', { headers });
      const large = await gw.fetch('/users/1', { method: 'POST', body: 'x'.repeat(2_000) });
      return [
        response.headers.get('access-control-allow-origin'),
        response.headers.get('x-content-type-options'),
        large.status,
      ];
    };
    expect(await ask()).toEqual([null, 'nosniff', 200]);
    const server = 'maxBodyBytes: 1KiB, securityHeaders: "off", cors: { origins: ["https://app.example"] }';
    await gw.reload(yaml(`server: { ${server} }`));
    expect(await ask()).toEqual(['https://app.example', null, 413]);
    await gw.reload(yaml(''));
    expect(await ask()).toEqual([null, 'nosniff', 200]);
  });

  it('a smaller limit of request heads for new connections', async () => {
    const gw = await start(yaml(''));
    const ask = async () => {
      const headers = { 'x-large': 'x'.repeat(8_000), connection: 'close' };
      return (await gw.fetch('/users/1', { headers })).status;
    };
    expect(await ask()).toBe(200);
    await gw.reload(yaml('server: { maxHeaderBytes: 4KiB }'));
    expect(await ask()).toBe(431);
  });
});

describe('stored responses', () => {
  const cached = async (gw: Awaited<ReturnType<typeof start>>, path: string) =>
    (await gw.fetch(path)).headers.get('cache-status')?.includes('hit') ?? false;

  it('are kept while their route is unchanged, and removed when it changes', async () => {
    const gw = await start(yaml('', ', cache: {}'));
    await cached(gw, '/users/1');
    await cached(gw, '/other/1');
    expect([await cached(gw, '/users/1'), await cached(gw, '/other/1')]).toEqual([true, true]);
    // A timeout changes no answer.
    await gw.reload(yaml('', ', cache: {}, timeout: 9s'));
    expect([await cached(gw, '/users/1'), await cached(gw, '/other/1')]).toEqual([true, true]);
    await gw.reload(yaml('cache: { maxBytes: 32MiB }', ', cache: {}, rewrite: { stripPrefix: /users }'));
    expect([await cached(gw, '/users/1'), await cached(gw, '/other/1')]).toEqual([false, true]);
  });

  it('get the headers of the configuration in force', async () => {
    const gw = await start(yaml(''));
    const header = async () => (await gw.fetch('/other/1')).headers.get('x-content-type-options');
    await header();
    expect(await header()).toBe('nosniff');
    await gw.reload(yaml('server: { securityHeaders: "off" }'));
    expect([await header(), await cached(gw, '/other/1')]).toEqual([null, true]);
  });
});

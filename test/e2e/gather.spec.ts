import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
defaults: { retry: { attempts: 0 }, breaker: { mode: shadow }, timeout: 20s }
upstreams:
  users: { url: "\${USERS_URL}" }
  orders: { url: "\${ORDERS_URL}" }
  broken: { url: "\${BROKEN_URL}", breaker: { mode: enforce, consecutiveFailures: 1, openFor: 1h } }
  retried: { url: "\${RETRIED_URL}", retry: { attempts: 1, backoff: { base: 1ms } } }
routes:
  - id: card
    match: { path: "/card/{id}", methods: [GET], encodedSlashes: pass }
    auth: none
    gather: &parts
      user: { upstream: users, path: "/users/{id}" }
      orders: { upstream: orders, path: "/orders?user={id}", fallback: [] }
  - { id: private, match: { path: "/private/{id}", methods: [GET] }, gather: *parts, headers: { request: { set: { X-Route: "{id}" } } } }
  - { id: cached, match: { path: "/cached/{id}", methods: [GET] }, auth: none, cache: { ttl: 1h, staleIfError: 1h }, gather: *parts }
  - { id: renewed, match: { path: "/renewed/{id}", methods: [GET] }, auth: none, cache: { ttl: 1h, staleWhileRevalidate: 1h }, gather: *parts }
  - { id: short, match: { path: "/short/{id}", methods: [GET] }, auth: none, timeout: 1s, gather: *parts }
  - { id: limited, match: { path: /limited, methods: [GET] }, auth: none, rateLimit: { requests: 1, per: 1h }, gather: { user: { upstream: users, path: /users/1 } } }
  - { id: closed, match: { path: /closed, methods: [GET] }, auth: none, maintenance: true, gather: { user: { upstream: users, path: /users/1 } } }
  - { id: faulty, match: { path: /faulty, methods: [GET] }, auth: none, fault: { abort: { status: 418 } }, gather: { user: { upstream: users, path: /users/1 } } }
  - { id: small, match: { path: /small, methods: [GET] }, auth: none, gather: { user: { upstream: users, path: /users/1, maxBytes: 16B } } }
  - { id: open, match: { path: /open, methods: [GET] }, auth: none, gather: { gone: { upstream: broken, path: /x, fallback: null }, user: { upstream: users, path: /users/1 } } }
  - { id: retried, match: { path: /retried, methods: [GET] }, auth: none, gather: { it: { upstream: retried, path: /x } } }
`;

interface Asked {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

const asked = { users: [] as Asked[], orders: [] as Asked[] };
const answers: { users: RequestListener; orders: RequestListener } = { users: json, orders: json };
let failures = 0;

function json(req: Parameters<RequestListener>[0], res: Parameters<RequestListener>[1]): void {
  // A number that no JavaScript number holds.
  res.setHeader('Content-Type', 'application/json');
  res.end(`{"url":${JSON.stringify(req.url)},"big":12345678901234567890}`);
}

function recording(id: 'users' | 'orders'): RequestListener {
  return (req, res) => {
    asked[id].push({ url: req.url ?? '', headers: req.headers });
    answers[id](req, res);
  };
}

const gw = gateway(YAML)
  .withUpstream('users', recording('users'))
  .withUpstream('orders', recording('orders'))
  .withUpstream('broken', (req) => req.socket.destroy())
  .withUpstream('retried', (_req, res) => {
    failures++;
    if (failures === 1) res.socket?.destroy();
    else res.end('"second"');
  })
  .startOnce();

const text = (id: string, orders = `{"url":"/orders?user=${id}","big":12345678901234567890}`) =>
  `{"user":{"url":"/users/${id}","big":12345678901234567890},"orders":${orders}}`;

beforeEach(() => {
  asked.users = [];
  asked.orders = [];
  answers.users = json;
  answers.orders = json;
});

describe('a route with gather', () => {
  it('combines several JSON responses into one document without changing their text', async () => {
    const { status, headers, body } = await ask(`${gw.url}/card/7`);
    expect([status, body]).toEqual([200, text('7')]);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(text('7').length),
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('breakwater-partial');
  });

  it('requests whole JSON bodies with the identity and the request id', async () => {
    const own = {
      ...bearer({ sub: 'alice' }),
      accept: 'text/html',
      'accept-encoding': 'gzip',
      'accept-language': 'de',
      'content-type': 'text/plain',
      'if-none-match': '"a"',
      'if-match': '"a"',
      range: 'bytes=0-1',
      'x-user-id': 'mallory',
      connection: 'x-hop',
      'x-hop': '1',
    };
    const { status, headers } = await ask(`${gw.url}/private/7`, own);
    expect(status).toBe(200);
    for (const { headers: got } of [...asked.users, ...asked.orders]) {
      expect(got).toMatchObject({
        accept: 'application/json',
        'accept-language': 'de',
        'x-user-id': 'alice',
        'x-request-id': headers['x-request-id'],
        'x-forwarded-for': '127.0.0.1',
        'x-route': '7',
      });
      const dropped = ['authorization', 'accept-encoding', 'content-type', 'if-none-match', 'if-match'];
      for (const name of [...dropped, 'range', 'x-hop', 'content-length'])
        expect(got).not.toHaveProperty(name);
    }
    expect((await ask(`${gw.url}/private/7`)).status).toBe(401);
  });

  it.each([
    ['7&admin=1', '/users/7%26admin%3D1', '/orders?user=7%26admin%3D1'],
    ['a%3Fb%23c', '/users/a%3Fb%23c', '/orders?user=a%3Fb%23c'],
    ['a%2Fb', '/users/a%2Fb', '/orders?user=a%2Fb'],
    ['7;x=y', '/users/7%3Bx%3Dy', '/orders?user=7%3Bx%3Dy'],
  ])('keeps the parameter %s in its place', async (id, user, orders) => {
    await ask(`${gw.url}/card/${id}?admin=1`);
    expect([asked.users[0]?.url, asked.orders[0]?.url]).toEqual([user, orders]);
  });

  it.each(['..', '%2e%2e', '..%2fadmin', 'a%5cb', '%00', '%ff', '..;/x', ''])(
    'asks for nothing with the parameter %s',
    async (id) => {
      expect((await ask(`${gw.url}/card/${id}`)).status).toBeGreaterThanOrEqual(400);
      expect(asked.users).toEqual([]);
    },
  );

  it('answers HEAD without a body, and no other method', async () => {
    const head = await ask(`${gw.url}/card/7`, {}, 'HEAD');
    expect([head.status, head.headers['content-length'], head.body]).toEqual([
      200,
      String(text('7').length),
      '',
    ]);
    expect(asked.users).toHaveLength(1);
    expect((await ask(`${gw.url}/card/7`, {}, 'POST')).status).toBe(405);
  });

  const BAD: [string, RequestListener][] = [
    ['ends the connection', (req) => req.socket.destroy()],
    ['answers with 500', (_req, res) => res.writeHead(500).end('{}')],
    ['answers with 404', (_req, res) => res.writeHead(404).end('{}')],
    ['redirects', (_req, res) => res.writeHead(302, { location: 'http://internal/' }).end()],
    ['answers with HTML', (_req, res) => res.end('<html>')],
    ['answers with nothing', (_req, res) => res.writeHead(204).end()],
    ['answers with what is not UTF-8', (_req, res) => res.end(Buffer.from([0x22, 0xff, 0x22]))],
    ['breaks off', (_req, res) => res.write('{"a":', () => res.destroy())],
    ['sends more than is allowed', (_req, res) => res.end(`"${'x'.repeat(1024 * 1024)}"`)],
    [
      'sends more than is allowed, without a length',
      (_req, res) => {
        res.write('"');
        res.end(`${'x'.repeat(1024 * 1024)}"`);
      },
    ],
  ];
  it.each(BAD)('gives a part its fallback when its upstream %s', async (_, answer) => {
    answers.orders = answer;
    const { status, headers, body } = await ask(`${gw.url}/card/7`);
    expect([status, body]).toEqual([200, text('7', '[]')]);
    expect(headers).toMatchObject({ 'breakwater-partial': 'orders', 'cache-control': 'no-store' });
  });

  it.each([
    [502, 'upstream_reset', undefined, (req) => req.socket.destroy()],
    [500, 'part_failed', 'The part user was answered with 500.', (_req, res) => res.writeHead(500).end()],
    [404, 'part_failed', 'The part user was answered with 404.', (_req, res) => res.writeHead(404).end()],
    [502, 'part_failed', 'The part user was answered with 302.', (_req, res) => res.writeHead(302).end()],
    [502, 'part_failed', 'The part user is not JSON.', (_req, res) => res.end('<html>')],
    [502, 'upstream_reset', undefined, (_req, res) => res.write('{', () => res.destroy())],
  ] satisfies [number, string, string | undefined, RequestListener][])(
    'fails with %i %s when a part without a fallback does',
    async (status, code, detail, answer) => {
      answers.users = answer;
      const got = await ask(`${gw.url}/card/7`);
      expect([got.status, got.headers['content-type']]).toEqual([status, 'application/problem+json']);
      const problem = { code, upstream: 'users', ...(detail === undefined ? {} : { detail }) };
      expect(JSON.parse(got.body)).toMatchObject(problem);
    },
  );

  it('forwards the status and Retry-After of a failed part, but no cookies', async () => {
    answers.users = (_req, res) => res.writeHead(429, { 'retry-after': '7', 'set-cookie': 'a=b' }).end();
    const { status, headers } = await ask(`${gw.url}/card/7`);
    expect([status, headers['retry-after'], headers['set-cookie']]).toEqual([429, '7', undefined]);
  });

  it('limits the size of each part', async () => {
    const { status, body } = await ask(`${gw.url}/small`);
    expect([status, JSON.parse(body)]).toEqual([
      502,
      expect.objectContaining({ detail: 'The part user is larger than its `maxBytes`.' }),
    ]);
  });

  it('has one deadline that includes bodies', async () => {
    answers.orders = () => undefined;
    expect((await ask(`${gw.url}/short/7`)).body).toBe(text('7', '[]'));
    answers.users = (_req, res) => res.write('{"a":');
    const { status, body } = await ask(`${gw.url}/short/7`);
    expect([status, JSON.parse(body)]).toEqual([
      504,
      expect.objectContaining({ upstream: 'users', detail: 'The part user did not end in time.' }),
    ]);
    const failed =
      'breakwater_requests_total{route="short",method="GET",status="504",outcome="body_timeout"}';
    expect(await gw.metric(failed)).toBe(1);
  });

  it('counts a late response as a failure of its upstream', async () => {
    answers.users = () => undefined;
    const series = 'breakwater_upstream_requests_total{upstream="users",outcome="deadline"}';
    // A process that stands still in between blames nobody.
    await until('it is to blame', async () => {
      const { status, body } = await ask(`${gw.url}/short/7`);
      expect([status, JSON.parse(body)]).toEqual([504, expect.objectContaining({ upstream: 'users' })]);
      return (await gw.metric(series)) > 0;
    });
  });

  it('fails a part at once while its breaker is open, and retries a failed part', async () => {
    await ask(`${gw.url}/open`);
    expect(await gw.metric('breakwater_breaker_state{upstream="broken"}')).toBe(2);
    const { body, headers } = await ask(`${gw.url}/open`);
    expect(JSON.parse(body)).toMatchObject({ gone: null, user: { url: '/users/1' } });
    expect(headers['breakwater-partial']).toBe('gone');
    expect(await gw.metric('breakwater_breaker_rejections_total{upstream="broken"}')).toBe(1);
    expect((await ask(`${gw.url}/retried`)).body).toBe('{"it":"second"}');
  });

  it('cancels its calls when the client leaves', async () => {
    const closed: boolean[] = [];
    answers.users = (_req, res) => res.on('close', () => closed.push(true));
    answers.orders = answers.users;
    const controller = new AbortController();
    const answer = gw.fetch('/card/7', { signal: controller.signal }).catch(() => undefined);
    await until('both are asked', () => asked.users.length + asked.orders.length === 2);
    controller.abort();
    await answer;
    await until('both calls have ended', () => closed.length === 2);
  });

  it('supports limits, maintenance and faults', async () => {
    expect((await ask(`${gw.url}/limited`)).status).toBe(200);
    expect((await ask(`${gw.url}/limited`)).status).toBe(429);
    expect((await ask(`${gw.url}/closed`)).status).toBe(503);
    expect((await ask(`${gw.url}/faulty`)).status).toBe(418);
    expect(asked.users).toHaveLength(1);
  });

  it('is listed with all its upstreams', async () => {
    const routes = (await (await gw.management('/admin/routes')).json()) as { id: string }[];
    expect(routes.find(({ id }) => id === 'card')).toMatchObject({ upstreams: ['users', 'orders'] });
  });
});

describe('a cached route with gather', () => {
  it('stores whole documents only', async () => {
    answers.orders = (req) => req.socket.destroy();
    expect((await ask(`${gw.url}/cached/whole`)).headers['breakwater-partial']).toBe('orders');
    answers.orders = json;
    const whole = await ask(`${gw.url}/cached/whole`);
    expect(whole.body).toBe(text('whole'));
    expect(asked.users).toHaveLength(2);
    const hit = await ask(`${gw.url}/cached/whole`);
    expect(hit.cacheStatus).toContain('hit');
    expect(hit.body).toBe(text('whole'));
    expect(asked.users).toHaveLength(2);
  });

  it('makes one set of calls for concurrent requests', async () => {
    const held: (() => void)[] = [];
    answers.users = (req, res) => held.push(() => json(req, res));
    const clients = Array.from({ length: 5 }, () => ask(`${gw.url}/cached/herd`));
    await until('the upstream is asked', () => held.length > 0 && asked.orders.length > 0);
    held[0]?.();
    for (const { body } of await Promise.all(clients)) expect(body).toBe(text('herd'));
    expect(asked.users).toHaveLength(1);
  });

  it('answers HEAD and ranges from the stored document', async () => {
    expect((await ask(`${gw.url}/cached/part`, {}, 'HEAD')).headers['content-length']).toBe(
      String(text('part').length),
    );
    const range = await ask(`${gw.url}/cached/part`, { range: 'bytes=0-7' });
    expect([range.status, range.body, range.cacheStatus]).toEqual([
      206,
      '{"user":',
      expect.stringContaining('hit'),
    ]);
  });

  it('does not store a document if a part forbids it', async () => {
    answers.orders = (req, res) => json(req, res.setHeader('Cache-Control', 'no-store'));
    expect((await ask(`${gw.url}/cached/forbidden`)).headers['cache-control']).toBe('no-store');
    await ask(`${gw.url}/cached/forbidden`);
    expect(asked.users).toHaveLength(2);
  });

  it('keeps the last whole document after a partial one', async () => {
    answers.users = (req, res) => json(req, res.setHeader('Cache-Control', 'max-age=0'));
    await ask(`${gw.url}/cached/kept`);
    answers.orders = (req) => req.socket.destroy();
    expect((await ask(`${gw.url}/cached/kept`)).headers['breakwater-partial']).toBe('orders');
    answers.users = answers.orders;
    expect((await ask(`${gw.url}/cached/kept`)).body).toBe(text('kept'));
  });

  it('revalidates a stale document in the background, and stores only whole documents', async () => {
    const version = (name: string): RequestListener => {
      return (_req, res) => res.setHeader('Cache-Control', 'max-age=0').end(`"${name}"`);
    };
    const get = () => ask(`${gw.url}/renewed/7`);
    answers.users = version('first');
    const { body: first } = await get();
    answers.orders = (req) => req.socket.destroy();
    answers.users = version('second');
    expect((await get()).body).toBe(first);
    await until('the renewal has failed', () => asked.orders.length === 2);
    answers.orders = json;
    answers.users = version('third');
    const third = await until('it is renewed', async () => {
      const got = await get();
      return got.body === first ? undefined : got;
    });
    expect(JSON.parse(third.body)).toMatchObject({ user: 'third' });
    expect(third.cacheStatus).toContain('hit');
  });

  it('loses its documents when a reload changes its parts', async () => {
    const yaml = (path: string) => `
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: r, match: { path: /r, methods: [GET] }, cache: {}, gather: { it: { upstream: users, path: ${path} } } }]`;
    const reloaded = await gateway(yaml('/a')).withUpstream('users', json).start();
    const get = async () => (await ask(`${reloaded.url}/r`)).body;
    expect(await get()).toContain('"/a"');
    await reloaded.reload(yaml('/b'));
    expect(await get()).toContain('"/b"');
  });

  it('answers with the last whole document when a part without a fallback fails', async () => {
    const age = (req: Parameters<RequestListener>[0], res: Parameters<RequestListener>[1]) =>
      json(req, res.setHeader('Cache-Control', 'max-age=0'));
    answers.users = age;
    expect((await ask(`${gw.url}/cached/stale`)).status).toBe(200);
    answers.users = (req) => req.socket.destroy();
    const stale = await ask(`${gw.url}/cached/stale`);
    expect([stale.status, stale.body]).toEqual([200, text('stale')]);
    answers.users = (_req, res) => res.writeHead(500).end();
    expect((await ask(`${gw.url}/cached/stale`)).status).toBe(200);
    answers.users = (_req, res) => res.writeHead(404).end();
    expect((await ask(`${gw.url}/cached/stale`)).status).toBe(404);
  });
});

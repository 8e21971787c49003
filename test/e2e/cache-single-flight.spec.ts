import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { cached, FRESH, type Given, STALE } from '../conformance/cached.js';
import { arrivals } from '../support/arrivals.js';
import { gateway } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { recording } from '../support/recording.js';
import { bearer } from '../support/tokens.js';
import { until } from '../support/until.js';

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

describe('concurrent requests for a response that is not stored', () => {
  it('make one call for each key and user', async () => {
    const { open, opened } = gate();
    const { get, seen } = await cached(async (_n, req): Promise<Given> => {
      await opened;
      return { headers: { ...FRESH }, body: String(req.headers['x-user-id']) };
    });
    const subs = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'alice' : 'bob'));
    const answers = subs.map((sub) => get('/mine/1', bearer({ sub })));
    await until('both calls are under way', () => seen.length === 2);
    open();
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(subs);
    expect(seen).toHaveLength(2);
  });

  it('make one call when they are conditional', async () => {
    const { open, opened } = gate();
    const { gw, get, seen } = await cached(async (): Promise<Given> => {
      await opened;
      return { headers: { ...FRESH, etag: '"2"' } };
    });
    const arrived = arrivals(gw.url);
    const tags = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? '"1"' : '"2"'));
    const answers = tags.map((tag) => get('/1', { 'if-none-match': tag }));
    await arrived(20);
    open();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual(tags.map((tag) => (tag === '"1"' ? 200 : 304)));
    expect(seen).toHaveLength(1);
  });

  it('do not wait for a first request with conditions of its own', async () => {
    const { open, opened } = gate();
    const { gw, get, seen } = await cached(async (_n, req): Promise<Given> => {
      await opened;
      const isHeld = req.headers['if-none-match'] === '"1"';
      return isHeld ? { status: 304, headers: { etag: '"1"' } } : { headers: { ...FRESH, etag: '"1"' } };
    });
    const arrived = arrivals(gw.url);
    const answers = [1, 2, 3, 4].map((i) => get('/1', i < 3 ? { 'if-none-match': '"1"' } : {}));
    await arrived(4);
    open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([304, 304, 200, 200]);
    expect(seen).toHaveLength(1);
  });

  it('do not wait for the end of an event stream', async () => {
    const streams: ServerResponse[] = [];
    const users = recording((_req, res) => {
      streams.push(res);
      res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).write('data: 1\n\n');
    });
    const gw = await gateway(`
      upstreams: { users: { url: "\${USERS_URL}" } }
      routes: [{ id: all, match: { path: /** }, upstream: users, cache: { ttl: 1m, override: true } }]
    `)
      .withUpstream('users', users.handler)
      .start();
    const responses = [1, 2, 3].map(() => gw.fetch('/1'));
    // Less than the time that a request waits for another one.
    await until('each of them has a stream', () => streams.length === 3, 2_500);
    for (const stream of streams) stream.end();
    for (const response of await Promise.all(responses)) expect(await response.text()).toBe('data: 1\n\n');
  });

  it('do not wait for a body that is not stored', async () => {
    const { open, opened } = gate();
    const { get, seen } = await cached(async (n): Promise<Given> => {
      if (n === 1) await opened;
      return { headers: { 'cache-control': 'no-store' } };
    });
    const first = get();
    await until('the first is under way', () => seen.length === 1);
    const others = [get(), get(), get()];
    open();
    const bodies = await Promise.all([first, ...others]);
    expect(bodies.map(({ body }) => body).toSorted()).toEqual(['1', '2', '3', '4']);
  });

  it('get a complete response when the one they waited for was removed', async () => {
    const { open, opened } = gate();
    const stale = { 'cache-control': 'max-age=60', age: '100', etag: '"1"' };
    const { get, seen } = await cached(async (n, req): Promise<Given> => {
      if (n === 2) await opened;
      if (req.headers['if-none-match'] === undefined) return { headers: stale };
      return { status: 304, headers: { etag: '"1"', 'cache-control': 'no-store' } };
    });
    await get();
    const answers = [get(), get(), get(), get()];
    await until('it is being validated', () => seen.length === 2);
    // By then the other requests have arrived.
    await get('/other');
    open();
    for (const { status, body } of await Promise.all(answers)) {
      expect([status, body]).toEqual([200, expect.stringMatching(/./)]);
    }
  });

  it('make their own calls when the first one fails', async () => {
    const { open, opened } = gate();
    const { get, seen } = await cached(async (n): Promise<Given> => {
      if (n > 1) return { headers: { ...FRESH } };
      await opened;
      return 'reset';
    });
    const first = get();
    await until('the first is under way', () => seen.length === 1);
    const second = get();
    open();
    expect((await first).status).toBe(502);
    expect(await second).toMatchObject({ status: 200, body: '2' });
  });
});

describe('concurrent requests for a response that cannot be stored after all', () => {
  it('continue one by one when it was invalidated meanwhile', async () => {
    const { open, opened } = gate();
    const { gw, get, seen } = await cached(async (n): Promise<Given> => {
      if (n === 1) await opened;
      return { headers: { ...FRESH } };
    });
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 10 }, () => get());
    await arrived(10);
    await get('/1', {}, 'POST');
    open();
    const bodies = (await Promise.all(answers)).map(({ body }) => body);
    expect(bodies.toSorted()).toEqual(['1', ...Array<string>(9).fill('3')]);
    expect(seen).toHaveLength(3);
  });

  it('continue all at once when the memory is full', async () => {
    const [first, rest] = [gate(), gate()];
    const users = recording((_req, res) => {
      const n = users.requests.length;
      if (n === 5) rest.open();
      void (n === 1 ? first : rest).opened.then(() => res.setHeader('content-length', 1).end('x'));
    });
    const gw = await gateway(`
      cache: { maxBytes: 1B }
      # Those who wait for another one wait for longer than that.
      upstreams: { users: { url: "\${USERS_URL}", timeout: 2s, connectTimeout: 1s } }
      routes: [{ id: all, match: { path: /** }, upstream: users, cache: {} }]
    `)
      .withUpstream('users', users.handler)
      .start();
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 5 }, () => gw.fetch('/1'));
    await arrived(5);
    first.open();
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  });
});

describe('concurrent requests while the upstream fails', () => {
  const SHADOW = 'breaker: { mode: shadow }';

  it.each<[string, Given]>([
    ['is reset', 'reset'],
    ['answers 503', { status: 503 }],
  ])('get the stale response when its validation %s', async (_, failure) => {
    const { open, opened } = gate();
    const { gw, get, seen } = await cached(
      async (n): Promise<Given> => {
        if (n === 1) return { headers: { ...STALE, etag: '"1"' } };
        await opened;
        return failure;
      },
      { cache: '{ staleIfError: 1h }', upstream: SHADOW },
    );
    await get();
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 50 }, () => get());
    await arrived(50);
    open();
    const all = await Promise.all(answers);
    for (const { status, body, headers } of all) {
      expect([status, body, headers['breakwater-fallback']]).toEqual([200, '1', 'stale']);
    }
    const others = all.filter(
      ({ cacheStatus }) => cacheStatus === 'Breakwater; fwd=stale; collapsed; detail=stale-if-error',
    );
    expect(others).toHaveLength(49);
    expect(seen).toHaveLength(2);
  });

  it('continue one by one without a stored response', async () => {
    const { open, opened } = gate();
    let atOnce = 0;
    let most = 0;
    const { gw, get, seen } = await cached(
      async (): Promise<Given> => {
        most = Math.max(most, ++atOnce);
        await opened;
        // Long enough for another request to arrive.
        for (let i = 0; i < 10; i++) await turn();
        atOnce--;
        return 'reset';
      },
      { upstream: SHADOW },
    );
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 20 }, () => get());
    await arrived(20);
    open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(20).fill(502));
    expect(seen).toHaveLength(20);
    expect(most).toBe(1);
  });

  it('continue one by one after an error that stale-if-error does not cover', async () => {
    const { open, opened } = gate();
    const { gw, get, seen } = await cached(
      async (n): Promise<Given> => {
        if (n === 1) return { headers: { ...STALE } };
        if (n > 2) return { headers: { ...FRESH } };
        await opened;
        return { status: 501 };
      },
      { cache: '{ staleIfError: 1h }' },
    );
    await get();
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 10 }, () => get());
    await arrived(10);
    open();
    const statuses = (await Promise.all(answers)).map(({ status, body }) => `${status} ${body}`);
    expect(statuses.toSorted()).toEqual([...Array<string>(9).fill('200 3'), '501 2']);
    expect(seen).toHaveLength(3);
  });

  it('do not wait for the response of a fallback upstream', async () => {
    const { open, opened } = gate();
    const first = recording((req) => {
      if (first.requests.length > 1) req.socket.destroy();
      else void opened.then(() => req.socket.destroy());
    });
    const rest = gate();
    const second = recording((_req, res) => {
      res.writeHead(200, { 'content-length': 2 }).write('x');
      void rest.opened.then(() => res.end('y'));
    });
    const gw = await gateway(`
      upstreams:
        users: { url: "\${USERS_URL}", retry: { attempts: 0 }, fallback: { upstream: second } }
        # Those who wait for its body wait for longer than that.
        second: { url: "\${SECOND_URL}", bodyTimeout: 2s }
      routes: [{ id: all, match: { path: /** }, upstream: users, cache: {} }]
    `)
      .withUpstream('users', first.handler)
      .withUpstream('second', second.handler)
      .start();
    const arrived = arrivals(gw.url);
    const answers = [1, 2, 3].map(() => gw.fetch('/1'));
    await arrived(3);
    open();
    const responses = await Promise.all(answers);
    expect(second.requests).toHaveLength(3);
    rest.open();
    for (const response of responses) expect(await response.text()).toBe('xy');
  });
});

describe('concurrent requests for several variants', () => {
  it('make one call for each', async () => {
    const { open, opened } = gate();
    const both = gate();
    const { gw, get, seen } = await cached(async (n, req): Promise<Given> => {
      // The two others continue at the same time.
      if (n === 3) both.open();
      await (n === 1 ? opened : both.opened);
      const body = String(req.headers['accept-language']);
      return { headers: { ...FRESH, vary: 'accept-language' }, body };
    });
    const languages = Array.from({ length: 30 }, (_, i) => ['en', 'fr', 'de'][i % 3] ?? '');
    const arrived = arrivals(gw.url);
    const answers = languages.map((language) => get('/1', { 'accept-language': language }));
    await arrived(30);
    expect(seen).toHaveLength(1);
    open();
    const all = await Promise.all(answers);
    expect(all.map(({ body }) => body)).toEqual(languages);
    expect(seen).toHaveLength(3);
    const count = new Map<string, number>();
    for (const { cacheStatus } of all) count.set(cacheStatus, (count.get(cacheStatus) ?? 0) + 1);
    expect(Object.fromEntries(count)).toEqual({
      'Breakwater; fwd=uri-miss': 1,
      'Breakwater; fwd=vary-miss': 2,
      'Breakwater; fwd=uri-miss; collapsed': 9,
      'Breakwater; fwd=vary-miss; collapsed': 18,
    });
  });
});

describe('concurrent requests for a response with no-cache', () => {
  it.each(['no-cache', 'max-age=0', 'max-age=0, must-revalidate'])(
    '%s: do not wait for its body',
    async (control) => {
      const held = gate();
      const users = recording((_req, res) => {
        const n = users.requests.length;
        res.writeHead(200, { 'cache-control': control, etag: '"1"', 'content-length': 1 }).flushHeaders();
        if (n > 1) res.end(String(n));
        else void held.opened.then(() => res.end('1'));
      });
      const gw = await gateway(`
      # Those who wait for a body wait for longer than that.
      upstreams: { users: { url: "\${USERS_URL}", bodyTimeout: 2s } }
      routes: [{ id: all, match: { path: /** }, upstream: users, cache: {} }]
    `)
        .withUpstream('users', users.handler)
        .start();
      const get = () => ask(`${gw.url}/1`, {}, 'GET');
      const first = get();
      const others = [get(), get()];
      const bodies = (await Promise.all(others)).map(({ body }) => body);
      expect(bodies.toSorted()).toEqual(['2', '3']);
      held.open();
      expect((await first).body).toBe('1');
    },
  );

  it.each(['no-cache', 'public, max-age=0'])(
    '%s: do not wait for each other once that is known',
    async (control) => {
      const { open, opened } = gate();
      const { get, seen } = await cached(async (n): Promise<Given> => {
        if (n > 1) await opened;
        const headers = { 'cache-control': control, etag: '"1"' };
        return n === 1 ? { headers } : { status: 304, headers };
      });
      await get();
      const answers = [1, 2, 3, 4].map(() => get());
      await until('all of them are under way', () => seen.length === 5);
      open();
      for (const { status, body } of await Promise.all(answers)) expect([status, body]).toEqual([200, '1']);
    },
  );

  it('do not wait when the request says no-cache', async () => {
    const { open, opened } = gate();
    const { get, seen } = await cached(async (): Promise<Given> => {
      await opened;
      return { headers: { ...FRESH } };
    });
    const answers = [1, 2, 3].map(() => get('/1', { 'cache-control': 'max-age=0' }));
    await until('all of them are under way', () => seen.length === 3);
    open();
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  });
});

import { describe, expect, it } from 'vitest';
import { cached, FRESH, type Given, STALE } from '../conformance/cached.js';
import { arrivals } from '../support/arrivals.js';
import { gateway } from '../support/gateway.js';
import { ask, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

/** Bytes: more than the kernel keeps for a client that does not read. */
const LARGE = 16 * 1024 * 1024;

describe('concurrent requests for a slow response', () => {
  it('make one call when its body takes longer than the deadline', async () => {
    const { open, opened } = gate();
    const users = recording((req, res) => {
      if (req.url === '/hangs') return;
      res.writeHead(200, { ...FRESH, 'content-length': 2 }).write('a');
      void opened.then(() => res.end('b'));
    });
    const gw = await gateway(`
      upstreams: { users: { url: "\${USERS_URL}", timeout: 300ms, connectTimeout: 300ms, retry: { attempts: 0 } } }
      routes: [{ id: all, match: { path: /** }, upstream: users, cache: {} }]
    `)
      .withUpstream('users', users.handler)
      .start();
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 500 }, () => ask(`${gw.url}/1`));
    await arrived(500);
    // By then the deadline has passed.
    expect((await ask(`${gw.url}/hangs`)).status).toBe(504);
    open();
    const got = (await Promise.all(answers)).map(({ status, body }) => `${status} ${body}`);
    expect(new Set(got)).toEqual(new Set(['200 ab']));
    expect(users.requests.filter(({ url }) => url === '/1')).toHaveLength(1);
  });

  it('fail at their deadlines without a call of their own', async () => {
    const { gw, get, seen } = await cached(() => new Promise<Given>(() => {}), {
      upstream: 'timeout: 300ms, connectTimeout: 300ms',
    });
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 50 }, () => get());
    await arrived(50);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(50).fill(504));
    // After the first one has failed, one whose time has not passed may ask again.
    expect(seen.length).toBeLessThanOrEqual(2);
  });

  it('make one call when the time at the upstream is longer than the ttl', async () => {
    const { open, opened } = gate();
    const { gw, get, seen } = await cached(
      async (): Promise<Given> => {
        await opened;
        return {};
      },
      { cache: '{ ttl: 100ms }' },
    );
    const arrived = arrivals(gw.url);
    const start = performance.now();
    const answers = Array.from({ length: 50 }, () => get());
    await arrived(50);
    await until('the ttl has passed', () => performance.now() - start > 150);
    open();
    for (const { status, body } of await Promise.all(answers)) expect([status, body]).toEqual([200, '1']);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['one call when it is stale on arrival', STALE, 1],
    [
      'calls of their own when it must be revalidated',
      { ...STALE, 'cache-control': 's-maxage=60', etag: '"1"' },
      10,
    ],
  ])('make %s', async (_, headers, calls) => {
    const { open, opened } = gate();
    const { gw, get, seen } = await cached(async (): Promise<Given> => {
      await opened;
      return { headers };
    });
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 10 }, () => get());
    await arrived(10);
    open();
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    expect(seen).toHaveLength(calls);
  });
});

describe('requests that wait for the response to another client', () => {
  it('share one further call when that client disconnects', async () => {
    const { open, opened } = gate();
    const { gw, get, seen } = await cached(async (n): Promise<Given> => {
      if (n > 1) await opened;
      else await new Promise(() => {});
      return { headers: { ...FRESH } };
    });
    const first = (await RawConnection.to(gw.url)).send(
      requestHead('GET /1', `Host: ${new URL(gw.url).host}`),
    );
    await until('it is under way', () => seen.length === 1);
    const arrived = arrivals(gw.url);
    const answers = Array.from({ length: 20 }, () => get());
    await arrived(20);
    first.socket.destroy();
    await until('another one has asked', () => seen.length === 2);
    open();
    for (const { status, body } of await Promise.all(answers)) expect([status, body]).toEqual([200, '2']);
    expect(seen).toHaveLength(2);
  });

  it.each([
    ['get it even when that client reads nothing', '64MiB', 1],
    ['make one call more when that client reads nothing and memory is short', '1MiB', 2],
  ])('%s', async (_, maxBytes, calls) => {
    const { open, opened } = gate();
    const users = recording((_req, res) => {
      res.writeHead(200, { ...FRESH, 'content-length': LARGE }).flushHeaders();
      void opened.then(() => res.end(Buffer.alloc(LARGE)));
    });
    const gw = await gateway(`
      cache: { maxBytes: ${maxBytes}, maxEntryBytes: 16MiB }
      upstreams: { users: { url: "\${USERS_URL}" } }
      routes: [{ id: all, match: { path: /** }, upstream: users, cache: {} }]
    `)
      .withUpstream('users', users.handler)
      .start();
    const slow = await RawConnection.to(gw.url);
    slow.socket.pause();
    slow.send(requestHead('GET /1', `Host: ${new URL(gw.url).host}`));
    await until('it is under way', () => users.requests.length === 1);
    const arrived = arrivals(gw.url);
    const answers = [1, 2, 3].map(() => ask(`${gw.url}/1`));
    await arrived(3);
    open();
    for (const { bytes } of await Promise.all(answers)) expect(bytes.length).toBe(LARGE);
    expect(users.requests).toHaveLength(calls);
    slow.socket.destroy();
  });
});

import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const READONLY = (cache: string, fallback: string) => `
upstreams:
  users: { url: "\${USERS_URL}", retry: { attempts: 0 }, fallback: ${fallback} }
  readonly: { url: "\${READONLY_URL}" }
routes: [{ id: users, match: { path: /** }, upstream: users, cache: ${cache} }]
`;

describe('a stale response', () => {
  it.each([
    ['staleIfError of the route', '{ staleIfError: 1h }', '{ upstream: readonly }'],
    ['fallback.stale of the upstream', '{}', '{ stale: true, upstream: readonly }'],
  ])(
    'takes precedence over the fallback upstream and is used only after a failure: %s',
    async (_, cache, fallback) => {
      let isAway = false;
      const readonly = recording((_req, res) => void res.end('readonly'));
      const gw = await gateway(READONLY(cache, fallback))
        .withUpstream('users', (req, res) => {
          if (isAway) req.socket.destroy();
          else res.writeHead(200, { 'cache-control': 'max-age=0' }).end('kept');
        })
        .withUpstream('readonly', readonly.handler)
        .start();
      const get = async (path: string) => {
        const response = await gw.fetch(path);
        return [await response.text(), response.headers.get('breakwater-fallback')];
      };

      expect(await get('/kept')).toEqual(['kept', null]);
      expect(await get('/kept')).toEqual(['kept', null]);
      isAway = true;

      expect(await get('/kept')).toEqual(['kept', 'stale']);
      expect(readonly.requests).toEqual([]);
      expect(await get('/other')).toEqual(['readonly', 'upstream']);
    },
  );
});

/** Three routes for users, of which `firm` forbids stale responses; the response names its user. */
const YAML = (upstream = '') => `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams:
  users: { url: "\${USERS_URL}", retry: { attempts: 0 }, fallback: { stale: true, response: { status: 503, body: resting } }, ${upstream} }
routes:
  - { id: mine, match: { path: /mine/** }, upstream: users, cache: {} }
  - { id: firm, match: { path: /firm }, upstream: users, cache: { staleIfError: 0s } }
  - { id: plain, match: { path: /plain }, upstream: users }
`;

async function start(upstream?: string, control = 'max-age=0') {
  const users = { failure: undefined as 'reset' | 'hang' | number | undefined, calls: 0 };
  const gw = await gateway(YAML(upstream))
    .withUpstream('users', (req, res) => {
      users.calls++;
      if (users.failure === 'reset') req.socket.destroy();
      else if (typeof users.failure === 'number') res.writeHead(users.failure).end('broken');
      else if (users.failure === undefined)
        res
          .writeHead(200, { 'cache-control': control, etag: '"1"' })
          .end(`of ${String(req.headers['x-user-id'])}`);
    })
    .start();
  const get = async (path: string, sub = 'alice') => {
    const response = await gw.fetch(path, { headers: bearer({ sub }) });
    return [response.status, await response.text(), response.headers.get('breakwater-fallback')];
  };
  return { users, get };
}

const ALICE = [200, 'of alice', 'stale'];
const RESTING = [503, 'resting', 'response'];

describe('fallback.stale', () => {
  it.each(['reset', 'hang', 500, 502, 503, 504] as const)(
    'gives users their own last good response instead of a failure: %s',
    async (failure) => {
      const { users, get } = await start('timeout: 500ms, connectTimeout: 250ms');
      expect((await get('/mine/1'))[0]).toBe(200);
      users.failure = failure;
      expect(await get('/mine/1')).toEqual(ALICE);
      expect((await get('/mine/1', 'bob'))[1]).not.toBe('of alice');
    },
  );

  it('is used while the breaker is open, and the fallback response if nothing is stored', async () => {
    const { users, get } = await start('breaker: { consecutiveFailures: 1, openFor: 1m }');
    await get('/mine/1');
    users.failure = 'reset';
    await get('/plain');
    const { calls } = users;
    expect([await get('/mine/1'), await get('/mine/2'), await get('/mine/1', 'bob')]).toEqual([
      ALICE,
      RESTING,
      RESTING,
    ]);
    expect(users.calls).toBe(calls);
  });

  it('does not wait for a request from before the breaker opened', async () => {
    const { users, get } = await start('timeout: 2s, breaker: { consecutiveFailures: 1, openFor: 1m }');
    await get('/mine/1');
    users.failure = 'hang';
    const before = ['/mine/1', '/mine/2'].map((path) => get(path));
    await until('both have reached the upstream', () => users.calls === 3);
    users.failure = 'reset';
    await get('/plain');

    const first = await Promise.race([
      Promise.race(before).then(() => 'those from before'),
      Promise.all([get('/mine/1'), get('/mine/2')]),
    ]);
    expect(first).toEqual([ALICE, RESTING]);
    expect(users.calls).toBe(4);
    expect(await Promise.all(before)).toEqual([ALICE, RESTING]);
  });

  it('applies to the failureStatuses of the upstream, 5xx only', async () => {
    const { users, get } = await start('breaker: { failureStatuses: [429, 503, 520] }');
    await get('/mine/1');
    users.failure = 520;
    expect(await get('/mine/1')).toEqual(ALICE);
    users.failure = 429;
    expect(await get('/mine/1')).toEqual([429, 'broken', null]);
  });

  it.each(['max-age=0, must-revalidate', 'no-store', 'max-age=0, stale-if-error=0'])(
    'respects %s',
    async (control) => {
      const { users, get } = await start('', control);
      await get('/mine/1');
      users.failure = 'reset';
      expect(await get('/mine/1')).toEqual(RESTING);
    },
  );

  it('does not override the staleIfError of a route', async () => {
    const { users, get } = await start();
    await get('/firm');
    users.failure = 'reset';
    expect(await get('/firm')).toEqual(RESTING);
  });
});

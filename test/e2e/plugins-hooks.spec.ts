import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { definePlugin, type RequestHooks, z } from '../../src/plugin.js';
import { echo, gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

/** A route with hooks, and one without. */
const yaml = (entry = '{ timeout: 50ms }', route = '') => `
upstreams: { users: { url: "\${USERS_URL}" } }
plugins: { probe: ${entry} }
routes:
  - { id: hooked, match: { path: /hooked/** }, upstream: users, plugins: [probe] ${route} }
  - { id: plain, match: { path: /** }, upstream: users }
`;

function probe(hooks: RequestHooks) {
  return definePlugin({ name: 'probe', hooks: () => hooks });
}

function start(hooks: RequestHooks, entry?: string, route?: string) {
  return gateway(yaml(entry, route)).withUpstream('users', echo).withPlugin(probe(hooks)).start();
}

const failures = (kind: string, reason: string) =>
  `breakwater_plugin_failures_total{plugin="probe",kind="${kind}",reason="${reason}"}`;

describe('hooks of plugins', () => {
  it('change the headers that the upstream and the client get', async () => {
    const gw = await start({
      onRequest: ({ headers, route }) => ({
        headers: { 'x-stamp': `${route}`, 'x-from': null, 'x-old': String(headers['x-old']) + '!' },
      }),
      onResponse: ({ status, headers }) => ({
        status: status + 3,
        headers: { 'x-answer': String(headers['content-type']), 'set-cookie': ['a=1', 'b=2'] },
      }),
    });
    const response = await gw.fetch('/hooked/1', { headers: { 'x-from': 'client', 'x-old': 'old' } });
    const { headers } = (await response.json()) as { headers: Record<string, string> };
    expect(headers).toMatchObject({ 'x-stamp': 'hooked', 'x-old': 'old!' });
    expect(headers).not.toHaveProperty('x-from');
    expect(response.status).toBe(203);
    expect(response.headers.get('x-answer')).toBe('application/json');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    const plain = await gw.fetch('/1');
    expect(plain.status).toBe(200);
    expect(await plain.json()).not.toHaveProperty('headers.x-stamp');
  });

  it('run in the order of the route for requests, and in the reverse order for responses', async () => {
    const stamp = definePlugin({
      name: 'stamp',
      options: z.strictObject({ letter: z.string() }),
      hooks: ({ letter }) => ({
        onRequest: async ({ headers }) => ({
          headers: { 'x-order': `${String(headers['x-order'] ?? '')}${letter}` },
        }),
        onResponse: ({ headers }) => ({
          headers: { 'x-order': `${String(headers['x-order'] ?? '')}${letter}` },
        }),
      }),
    });
    const gw = await gateway(`
upstreams: { users: { url: "\${USERS_URL}" } }
plugins:
  first: { use: stamp, options: { letter: a } }
  second: { use: stamp, options: { letter: b } }
routes: [{ id: all, match: { path: /** }, upstream: users, plugins: [first, second] }]
`)
      .withUpstream('users', echo)
      .withPlugin(stamp)
      .start();
    const response = await gw.fetch('/');
    expect(response.headers.get('x-order')).toBe('ba');
    expect(await response.json()).toHaveProperty('headers.x-order', 'ab');
  });

  it.each([
    ['text', 'no', 'text/plain; charset=utf-8', 'no'],
    ['JSON', { no: 1 }, 'application/json; charset=utf-8', '{"no":1}'],
    ['bytes', new Uint8Array([104, 105]), null, 'hi'],
  ])('answer a request with %s in place of the upstream', async (_, body, type, text) => {
    const gw = await start({
      onRequest: () => ({ response: { status: 402, headers: { 'x-why': 'test' }, body } }),
    });
    const response = await gw.fetch('/hooked/1', { method: 'POST', body: 'unread' });
    expect([response.status, response.headers.get('x-why')]).toEqual([402, 'test']);
    expect(response.headers.get('content-type')).toBe(type);
    expect(await response.text()).toBe(text);
    const requests =
      'breakwater_requests_total{route="hooked",method="POST",status="402",outcome="plugin_answer"}';
    await until('the request is counted', async () => (await gw.metric(requests)) === 1);
  });

  it('are timed, also when they fail', async () => {
    const gw = await start({
      onRequest: () => undefined,
      onResponse: () => Promise.reject(new Error('boom')),
    });
    expect((await gw.fetch('/hooked/1')).status).toBe(500);
    const timed = (kind: string) =>
      gw.metric(`breakwater_plugin_duration_seconds_count{plugin="probe",kind="${kind}"}`);
    expect([await timed('request'), await timed('response')]).toEqual([1, 1]);
    expect((await gw.fetch('/1')).status).toBe(200);
    expect([await timed('request'), await timed('response')]).toEqual([1, 1]);
  });

  it('answer with a status that has no body', async () => {
    const gw = await start({ onRequest: () => ({ response: { status: 204 } }) });
    const response = await gw.fetch('/hooked/1');
    expect([response.status, response.headers.get('content-length')]).toEqual([204, null]);
  });

  const hang = () => new Promise<never>(() => undefined);
  const boom = () => {
    throw new Error('boom');
  };
  const reject = () => Promise.reject(new Error('boom'));
  const unreadable = new Proxy(new Error(), { get: boom, has: boom, getPrototypeOf: boom });
  const nonsense = (value: unknown) => () => value as undefined;
  it.each<[kind: string, what: string, reason: string, hooks: RequestHooks]>([
    ['request', 'throws', 'error', { onRequest: boom }],
    ['request', 'rejects', 'error', { onRequest: reject }],
    ['request', 'rejects with what cannot be read', 'error', { onRequest: () => Promise.reject(unreadable) }],
    ['request', 'hangs', 'timeout', { onRequest: hang }],
    ['request', 'returns a number', 'result', { onRequest: nonsense(7) }],
    ['request', 'returns an unknown key', 'result', { onRequest: nonsense({ header: {} }) }],
    ['request', 'forges an identity', 'result', { onRequest: () => ({ headers: { 'X-User-Id': 'root' } }) }],
    [
      'request',
      'forges an identity by an underscore',
      'result',
      { onRequest: () => ({ headers: { x_user_id: 'root' } }) },
    ],
    ['request', 'sets framing', 'result', { onRequest: () => ({ headers: { 'Content-Length': '0' } }) }],
    [
      'request',
      'breaks handshakes',
      'result',
      { onRequest: () => ({ headers: { 'Sec-WebSocket-Key': 'x' } }) },
    ],
    ['request', 'splits a header', 'result', { onRequest: () => ({ headers: { a: 'b\r\nc: d' } }) }],
    ['request', 'answers with status 99', 'result', { onRequest: () => ({ response: { status: 99 } }) }],
    [
      'request',
      'answers with a body that is no JSON',
      'result',
      { onRequest: () => ({ response: { status: 200, body: 1n } }) },
    ],
    ['response', 'throws', 'error', { onResponse: boom }],
    ['response', 'rejects', 'error', { onResponse: reject }],
    ['response', 'hangs', 'timeout', { onResponse: hang }],
    ['response', 'returns text', 'result', { onResponse: nonsense('no') }],
    ['response', 'removes the body', 'result', { onResponse: () => ({ status: 204 }) }],
    [
      'response',
      'sets framing',
      'result',
      { onResponse: () => ({ headers: { 'Transfer-Encoding': 'chunked' } }) },
    ],
    ['response', 'splits a header', 'result', { onResponse: () => ({ headers: { a: ['b\nc'] } }) }],
  ])('affect only their request when a %s hook %s', async (kind, _, reason, hooks) => {
    const gw = await start(hooks);
    const [response, other] = await Promise.all([gw.fetch('/hooked/1'), gw.fetch('/1')]);
    expect(other.status).toBe(200);
    expect(response.status).toBe(500);
    const problem = (await response.json()) as object;
    expect(problem).toMatchObject({
      code: 'plugin_failed',
      title: 'A plugin of the gateway failed',
      detail: 'The plugin probe failed.',
    });
    expect(JSON.stringify(problem)).not.toMatch(/boom|root/);
    expect(await gw.metric(failures(kind, reason))).toBe(1);
    // The gateway can be called again on the same route.
    expect((await gw.fetch('/hooked/1')).status).toBe(500);
  });

  it.each<[string, RequestHooks]>([
    ['throws', { onRequest: boom, onResponse: boom }],
    ['rejects', { onRequest: reject, onResponse: reject }],
    ['hangs', { onRequest: hang, onResponse: hang }],
  ])('are skipped with `onError: skip` when a hook %s', async (_, hooks) => {
    const gw = await start(hooks, '{ timeout: 50ms, onError: skip }');
    const response = await gw.fetch('/hooked/1');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ url: '/hooked/1' });
  });

  it('do not affect other routes while a hook hangs', async () => {
    const gw = await start({ onRequest: hang }, '{ timeout: 1h }');
    const leaving = new AbortController();
    const hanging = gw.fetch('/hooked/1', { signal: leaving.signal }).catch(() => 'gone');
    for (let i = 0; i < 20; i++) expect((await gw.fetch('/1')).status).toBe(200);
    leaving.abort();
    expect(await hanging).toBe('gone');
  });

  it('get an aborted signal when the client disconnects, which is no failure', async () => {
    const { promise: called, resolve } = Promise.withResolvers<AbortSignal>();
    const gw = await start(
      {
        onRequest: ({ signal }) => {
          resolve(signal);
          return once(signal, 'abort').then(() => Promise.reject(new Error('gone')));
        },
      },
      '{ timeout: 1h }',
    );
    const leaving = new AbortController();
    const response = gw.fetch('/hooked/1', { signal: leaving.signal }).catch(() => 'gone');
    const signal = await called;
    leaving.abort();
    expect(await response).toBe('gone');
    await until('the signal has aborted', () => signal.aborted);
    expect(await gw.metric(failures('request', 'error'))).toBe(0);
  });

  it('see requests before the cache, and responses of the cache', async () => {
    let count = 0;
    const gw = await gateway(yaml('{}', ', cache: { ttl: 1m }'))
      .withUpstream(
        'users',
        (req, res) =>
          void res.writeHead(200, { vary: 'x-side' }).end(String(req.headers['x-side']) + ++count),
      )
      .withPlugin(
        probe({
          onRequest: ({ query }) =>
            query === '?stop' ? { response: { status: 403 } } : { headers: { 'x-side': query.slice(1) } },
          onResponse: () => ({ headers: { 'x-seen': 'yes' } }),
        }),
      )
      .start();
    const get = async (query: string) => {
      const response = await gw.fetch(`/hooked/1${query}`);
      return [response.status, response.headers.get('x-seen'), await response.text()];
    };
    expect(await get('?a')).toEqual([200, 'yes', 'a1']);
    expect(await get('?a')).toEqual([200, 'yes', 'a1']);
    expect(await get('?stop')).toEqual([403, null, '']);
  });

  it('make variants of a stored response by the headers that they set', async () => {
    const gw = await gateway(yaml('{}', ', cache: { ttl: 1m }'))
      .withUpstream('users', (req, res) => void res.end(String(req.headers['x-side'])))
      .withPlugin(
        probe({ onRequest: ({ headers }) => ({ headers: { 'x-side': String(headers['x-cookie']) } }) }),
      )
      .start();
    for (const side of ['a', 'b', 'a']) {
      const response = await gw.fetch('/hooked/1', { headers: { 'x-cookie': side } });
      expect(await response.text()).toBe(side);
    }
  });

  it('get the identity of the caller', async () => {
    const gw = await gateway(`
auth: { main: { secret: "${'s'.repeat(32)}", algorithms: [HS256] } }
${yaml('{}')}`)
      .withUpstream('users', echo)
      .withPlugin(
        probe({ onRequest: ({ identity }) => ({ headers: { 'x-who': String(identity?.subject) } }) }),
      )
      .start();
    expect((await gw.fetch('/hooked/1')).status).toBe(401);
  });
});

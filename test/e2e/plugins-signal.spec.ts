import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { definePlugin, type Plugin, type PluginRequest } from '../../src/plugin.js';
import { closedPort } from '../support/closed-port.js';
import { echo, gateway } from '../support/gateway.js';

const yaml = `
plugins:
  slow: { timeout: 50ms, onError: skip }
  next: {}
auth: { partner: { plugin: slow } }
upstreams:
  users: { url: "\${USERS_URL}" }
  down: { url: "\${DOWN_URL}", retry: { attempts: 0 }, fallback: { plugin: slow, response: { status: 299 } } }
routes:
  - { id: auth, match: { path: /auth }, upstream: users, auth: { provider: partner } }
  - { id: hooks, match: { path: /hooks }, upstream: users, auth: none, plugins: [slow, next] }
  - { id: fallback, match: { path: /fallback }, upstream: down, auth: none }
`;

type Call = (request: PluginRequest) => Promise<never>;

/** @param signals of the calls of the plugin that is called next */
async function start(kind: (call: Call) => Partial<Plugin>, call: Call, signals: AbortSignal[] = []) {
  const none = { hooks: () => ({ onRequest: () => undefined }), auth: () => ({ authenticate: call }) };
  return gateway(yaml)
    .withEnv({ DOWN_URL: await closedPort() })
    .withUpstream('users', echo)
    .withPlugin(definePlugin({ ...none, fallback: () => () => undefined, ...kind(call), name: 'slow' }))
    .withPlugin(
      definePlugin({
        name: 'next',
        hooks: () => ({ onRequest: ({ signal }) => void signals.push(signal) }),
      }),
    )
    .start();
}

const KINDS: ReadonlyArray<[path: string, what: string, status: number, (call: Call) => Partial<Plugin>]> = [
  ['/auth', 'proves callers', 503, (call) => ({ auth: () => ({ authenticate: call }) })],
  ['/hooks', 'sees requests', 200, (call) => ({ hooks: () => ({ onRequest: call }) })],
  [
    '/hooks',
    'sees responses',
    200,
    (call) => ({ hooks: () => ({ onResponse: (_, request) => call(request) }) }),
  ],
  [
    '/fallback',
    'answers in place of an upstream',
    299,
    (call) => ({ fallback: () => (_, request) => call(request) }),
  ],
];

describe('the signal of a call that uses up its timeout', () => {
  it.each(KINDS)('aborts on %s, for a plugin that %s', async (path, _, status, kind) => {
    const signals: AbortSignal[] = [];
    const later: AbortSignal[] = [];
    const call: Call = ({ signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    };
    const gw = await start(kind, call, later);
    expect((await gw.fetch(path)).status).toBe(status);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    // Calls of other plugins for the same request are not concerned.
    expect(later.map(({ aborted }) => aborted)).toEqual(path === '/hooks' ? [false] : []);
  });

  it.each(KINDS)('aborts on %s when it is read late, by a plugin that %s', async (path, _, status, kind) => {
    const signals: AbortSignal[] = [];
    const call: Call = async (request) => {
      await setImmediate();
      signals.push(request.signal);
      return new Promise<never>(() => undefined);
    };
    const gw = await start(kind, call);
    expect((await gw.fetch(path)).status).toBe(status);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

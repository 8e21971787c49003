import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

const ROUTE =
  'upstreams: { users: { url: http://users } }\nroutes: [{ id: r, match: { path: /r }, upstream: users }]';

/** Warnings as `lint: path`. */
function lint(text: string, env: Record<string, string> = {}): string[] {
  const parsed = parseConfig(text, { file: '/gateway.yaml', env, readFile: () => '' });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.problems));
  return parsed.warnings.map(({ id, path }) => `${id}: ${path}`);
}

describe('GATEWAY_LINTS', () => {
  it.each([
    ['http://localhost:8080', 'upstream-is-gateway'],
    ['http://127.0.0.2:9090/x', 'upstream-is-management'],
    ['http://0.0.0.0:8080', 'upstream-is-gateway'],
    ['http://gw.example:8080', undefined],
    ['http://10.0.0.7:8080', 'upstream-is-gateway'],
    ['http://localhost:8081', undefined],
  ])('with server.host 10.0.0.7, warns of the upstream %s: %s', (url, id) => {
    const text = `server: { host: 10.0.0.7 }\nupstreams: { u: { url: "${url}" } }\nroutes: [{ id: r, match: { path: /r }, upstream: u }]`;
    expect(lint(text)).toEqual(id === undefined ? [] : [`${id}: upstreams.u.url`]);
  });

  it('warns of plugins that nothing uses', () => {
    const text = `plugins: { hook: {}, key: {}, pick: {}, default: {}, instead: {}, spare: {} }
auth: { partners: { plugin: key } }
defaults: { balancer: default }
upstreams: { users: { url: http://users, balancer: pick, fallback: { plugin: instead } } }
routes: [{ id: r, match: { path: /r }, upstream: users, plugins: [hook] }]`;
    expect(lint(text)).toEqual(['unused-plugin: plugins.spare']);
  });

  it('warns of limits by a header that no peer is trusted with', () => {
    const text = (server: string) =>
      `server: { rateLimit: { requests: 1, per: 1s, key: header:X-A }, ${server} }\n${ROUTE.replace('upstream: users', 'upstream: users, rateLimit: [{ requests: 1, per: 1s }, { requests: 1, per: 1s, key: header:X-B }]')}`;
    expect(lint(text(''))).toEqual([
      'header-limit-without-proxy: server.rateLimit.key',
      'header-limit-without-proxy: routes[0].rateLimit[1].key',
    ]);
    expect(lint(text('trustProxy: [10.0.0.0/8]'))).toEqual([]);
  });

  it('warns of limits that workers cannot divide', () => {
    const text = (workers: string) =>
      `server: { workers: ${workers} }\n${ROUTE.replace('http://users', 'http://users, bulkhead: { concurrent: 3, streams: 4 }, pool: { connections: 2 }')}`;
    expect(lint(text('4')).filter((each) => each.startsWith('limit-below-workers'))).toEqual([
      'limit-below-workers: upstreams.users.bulkhead.concurrent',
      'limit-below-workers: upstreams.users.pool.connections',
    ]);
    expect(lint(text('2')).filter((each) => each.startsWith('limit-below-workers'))).toEqual([]);
  });

  it.each([
    ['host: 0.0.0.0', ['open-management: management.host']],
    ['host: "::"', ['open-management: management.host']],
    ['host: 0.0.0.0, token: of-16-characters', []],
    ['host: 0.0.0.0, token: of-15-character', ['short-management-token: management.token']],
    ['host: 127.0.0.1, token: short', []],
    ['host: "::1"', []],
    ['host: localhost', []],
    ['port: 0', []],
  ])('warns of management: { %s }: %s', (management, warnings) => {
    const text = `management: { ${management} }\n${ROUTE}`;
    expect(lint(text)).toEqual(warnings);
  });

  it('warns of a short management token where the environment has opened the port', () => {
    const text = `management: { token: short }\n${ROUTE}`;
    expect(lint(text, { MANAGEMENT_HOST: '0.0.0.0' })).toEqual(['short-management-token: management.token']);
  });

  it.each([
    ['$TOKEN', true],
    ['$(TOKEN)', true],
    ['$5', false],
    ['$$TOKEN', false],
    ['a-$TOKEN', false],
  ])('warns of the text %s: %s', (text, isWarned) => {
    expect(lint(`management: { token: ${text} }\n${ROUTE}`)).toEqual(
      isWarned ? ['text-like-a-variable: management.token'] : [],
    );
  });
});

import { describe, expect, it } from 'vitest';
import { formatPath } from './config-path.js';
import type { GatewayConfig } from './gateway-config.js';
import { lintConfig } from './lint.js';
import { parseConfig } from './parse-config.js';

function parse(text: string): GatewayConfig {
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

function lint(text: string): string[] {
  return lintConfig(parse(text)).map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

/** As a user is warned. */
function lintWritten(text: string): string[] {
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? result.warnings.map(({ path, message }) => `${path}: ${message}`) : ['invalid'];
}

const PROVIDER = `{ secret: ${'x'.repeat(32)}, algorithms: [HS256] }`;
const upstream = (rest: string) => `
upstreams: { users: { url: http://users, ${rest} } }
routes: [{ id: r, match: { path: /r }, upstream: users }]`;
const route = (rest: string, auth = '') => `
auth: { ${auth} }
upstreams: { users: { url: http://users } }
routes: [{ id: r, match: { path: /r }, upstream: users, ${rest} }]`;

describe('lintConfig', () => {
  it('has nothing against a plain configuration', () => {
    expect(lint(upstream('health: {}, timeout: 3s'))).toEqual([]);
    expect(lint(route('cache: {}', `main: ${PROVIDER}`))).toEqual([]);
  });

  it.each([
    ['breaker: { window: 2s }', 'breaker.window: breaker.window (2s) is below timeout (3s)'],
    ['timeout: 500ms', 'connectTimeout: connectTimeout (1s) is not below timeout (500ms)'],
    ['connectTimeout: 3s', 'connectTimeout: connectTimeout (3s) is not below timeout (3s)'],
    ['breaker: { openFor: 2m }', 'breaker.openFor: breaker.openFor (2m) is above breaker.maxOpenFor (1m)'],
    [
      'retry: { attempts: 2, perTryTimeout: 2s }',
      'retry.perTryTimeout: retry.perTryTimeout (2s) for 3 tries is above timeout (3s)',
    ],
    [
      'tls: { insecureSkipVerify: true }',
      'tls.insecureSkipVerify: insecureSkipVerify is true: whoever is in between',
    ],
    ['health: { timeout: 15s }', 'health.timeout: health.timeout (15s) is not below health.interval (15s)'],
  ])('warns of an upstream with %s', (rest, warning) => {
    expect(lint(upstream(rest))).toEqual([expect.stringContaining(`upstreams.users.${warning}`)]);
  });

  it.each([
    ['bulkhead: { concurrent: 100 }, pool: { connections: 99 }', 'pool.connections (99 in all) is below'],
    ['pool: { connections: 10 }', 'pool.connections (10 in all) is below bulkhead.concurrent (256)'],
    ['hedge: { after: p95 }', 'there is no second target'],
  ])('warns of what was written with %s', (rest, warning) => {
    expect(lintWritten(upstream(rest))).toEqual([expect.stringContaining(warning)]);
  });

  it('warns of a hedge that never comes', () => {
    const hedged = (after: string) => `
upstreams: { users: { targets: [{ url: http://a }, { url: http://b }], hedge: { after: ${after} } } }
routes: [{ id: r, match: { path: /r }, upstream: users }]`;
    expect(lintWritten(hedged('3s'))).toEqual([
      expect.stringContaining('hedge.after (3s) is not below timeout (3s)'),
    ]);
    expect([...lintWritten(hedged('2s')), ...lintWritten(hedged('p95'))]).toEqual([]);
  });

  it('says nothing of a pool that is large enough with all targets, or that nobody wrote', () => {
    const targets = 'targets: [{ url: http://a }, { url: http://b }]';
    const two = `
upstreams: { users: { ${targets}, bulkhead: { concurrent: 100 }, pool: { connections: 50 } } }
routes: [{ id: r, match: { path: /r }, upstream: users }]`;
    expect([...lintWritten(two), ...lintWritten(upstream('bulkhead: { concurrent: 300 }'))]).toEqual([]);
  });

  it.each([
    ['[POST]', 'attempts: 2', 1],
    ['[POST, PATCH]', 'attempts: 2', 1],
    ['[POST, PUT]', 'attempts: 2', 0],
    ['[]', 'attempts: 2', 0],
    ['[POST]', 'attempts: 0', 0],
    ['[POST]', '', 0],
  ])('of a route for %s and retry: { %s } there are %i warnings', (methods, retry, count) => {
    const warnings = lintWritten(`
upstreams: { users: { url: http://users, retry: { ${retry} } } }
routes: [{ id: r, match: { path: /r, methods: ${methods} }, upstream: users }]`);
    expect(warnings).toEqual(
      Array.from({ length: count }, () =>
        expect.stringContaining('upstreams.users.retry.attempts: its routes take only POST'),
      ),
    );
  });

  it.each([
    ['', 1],
    ['cache: {}', 0],
    ['cache: { staleIfError: 10m }', 0],
    ['cache: { staleIfError: 0s }', 1],
  ])('of fallback.stale and a route with { %s } there are %i warnings', (cache, count) => {
    const of = (upstreams: string, defaults = '') =>
      lintWritten(`${defaults}
upstreams: { ${upstreams} }
routes: [{ id: r, match: { path: /r }, upstream: users, ${cache} }, { id: o, match: { path: /o }, upstream: orders }]`);
    const stale = 'users: { url: http://users, fallback: { stale: true } }, orders: { url: http://orders }';
    const none = 'users: { url: http://users }, orders: { url: http://orders }';
    expect(of(stale)).toEqual(
      Array(count).fill(
        'upstreams.users.fallback.stale: none of its routes has a `cache` that keeps anything for it',
      ),
    );
    expect(of(none, 'defaults: { fallback: { stale: true } }')).toEqual(
      Array(count).fill('defaults.fallback.stale: no route with a `cache` keeps anything for it'),
    );
  });

  it('of fallback.stale on one side of a split route it says that the others have to say so too', () => {
    const side = (stale: boolean) => `
upstreams: { users: { url: http://users, fallback: { stale: true } }, next: { url: http://next, fallback: { stale: ${stale} } } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: next }], cache: { per: user }, auth: {} }]
auth: { main: ${PROVIDER} }`;
    expect(lintWritten(side(true))).toEqual([]);
    expect(lintWritten(side(false))).toEqual([expect.stringContaining('upstreams.users.fallback.stale')]);
  });

  it.each([
    ['timeout: 2m', '', 'timeout: timeout (2m) is above server.requestTimeout (1m)'],
    ['cache: { per: public }', `main: ${PROVIDER}`, 'cache.per: `per: public` on a route with auth'],
    ['cache: { per: user }', '', 'cache.per: `per: user` on a route without auth'],
  ])('warns of a route with %s', (rest, auth, warning) => {
    expect(lint(route(rest, auth))).toEqual([expect.stringContaining(`routes[0].${warning}`)]);
  });

  it.each([
    ['/users/:id', '`:id` is taken as it is written; a parameter is `{id}`'],
    ['/health', '/health is answered by the gateway itself: no request gets to this route'],
    ['/health/ready', '/health/ready is answered by the gateway itself'],
    ['/docs/a:b', undefined],
    ['/health/**', undefined],
  ])('about the path %s it says %s', (path, warning) => {
    const upstreams = 'upstreams: { users: { url: http://users } }';
    const warnings = lint(`${upstreams}\nroutes: [{ id: r, match: { path: "${path}" }, upstream: users }]`);
    const expected = expect.stringContaining(`routes[0].match.path: ${warning}`);
    expect(warnings).toEqual(warning === undefined ? [] : [expected]);
  });

  it('takes the sides of a split for used, and warns of a cache that all of them share', () => {
    const split = (rest: string) => `
upstreams: { users: { url: http://users }, next: { url: http://next } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: next }], ${rest} }]`;
    expect(lint(split(''))).toEqual([]);
    expect(lint(split('cache: {}'))).toEqual([
      expect.stringContaining('routes[0].cache: one copy for all on a split route'),
    ]);
  });

  it('takes mirrors and fallbacks for used', () => {
    const others = 'next: { url: http://next }, readonly: { url: http://readonly }';
    expect(
      lint(`
upstreams: { users: { url: http://users, fallback: { upstream: readonly } }, ${others} }
routes: [{ id: r, match: { path: /r }, upstream: users, mirror: { upstream: next } }]`),
    ).toEqual([]);
  });

  it('warns of a gateway that serves nothing', () => {
    expect(lint('{}')).toEqual([
      'routes: there is no route: every request gets 404',
      'upstreams: there is no upstream: nothing can be forwarded',
    ]);
  });

  it('warns of an entry limit above the whole cache', () => {
    expect(lint(`cache: { maxEntryBytes: 65MiB }\n${route('timeout: 1s')}`)).toEqual([
      expect.stringContaining('cache.maxEntryBytes: maxEntryBytes (65MiB) is above maxBytes (64MiB)'),
    ]);
  });

  it('warns of what nothing uses', () => {
    const auth = `main: ${PROVIDER}, other: ${PROVIDER.replace('}', ', issuer: other }')}`;
    expect(lint(route('auth: { provider: main }', auth))).toEqual([
      'auth.other: no route accepts tokens of this provider',
    ]);
    expect(lint(route('auth: { optional: true }', auth))).toEqual([]);
    expect(lint(route('auth: none', `main: ${PROVIDER}`))).toEqual([
      'auth.main: no route accepts tokens of this provider',
    ]);
    const idle = 'upstreams: { users: { url: http://a }, idle: { url: http://b } }';
    expect(lint(`${idle}\nroutes: [{ id: r, match: { path: /r }, upstream: users }]`)).toEqual([
      'upstreams.idle: no route uses this upstream, only code can',
    ]);
  });

  it.each([
    ['[GET, PUT]', '[PUT]', 1],
    ['[GET]', '[HEAD]', 1],
    ['[PUT]', '[GET, PUT]', 0],
    // A route that names its methods is more specific than one that takes all.
    ['[]', '[PUT]', 0],
    ['[PUT]', '[]', 0],
  ])('after a route for %s one for %s makes %i warning', (first, second, count) => {
    const warnings = lint(`
upstreams: { users: { url: http://users } }
routes:
  - { id: a, match: { path: "/r/{x}", methods: ${first} }, upstream: users }
  - { id: b, match: { path: "/r/{y}", methods: ${second} }, upstream: users }`);
    const warning = expect.stringContaining(
      'routes[1].match: routes[0] is before it and takes all its requests',
    );
    expect(warnings).toEqual(Array.from({ length: count }, () => warning));
  });
});

import { describe, expect, it } from 'vitest';
import { warningsOf } from '../../../test/support/warnings.js';

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
    expect(warningsOf(upstream('health: {}, timeout: 3s'))).toEqual([]);
    expect(warningsOf(route('cache: {}', `main: ${PROVIDER}`))).toEqual([]);
  });

  it('warns of one copy for clients with different cookies, where browsers send them', () => {
    const cors = (credentials: boolean, cache: string) => `
server: { cors: { origins: [https://app.example], credentials: ${credentials} } }
upstreams: { users: { url: http://users } }
routes: [{ id: r, match: { path: /r }, upstream: users, ${cache} }]`;
    expect(warningsOf(cors(true, 'cache: {}'))).toEqual([
      expect.stringContaining(
        'routes[0].cache: one copy for all, and browsers send cookies (cors.credentials)',
      ),
    ]);
    expect(warningsOf(cors(false, 'cache: {}'))).toEqual([]);
    expect(warningsOf(cors(true, ''))).toEqual([]);
  });

  it('takes the sides of a split for used, and warns of a cache that all of them share', () => {
    const split = (rest: string) => `
upstreams: { users: { url: http://users }, next: { url: http://next } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: next }], ${rest} }]`;
    expect(warningsOf(split(''))).toEqual([]);
    expect(warningsOf(split('cache: {}'))).toEqual([
      expect.stringContaining('routes[0].cache: one copy for all on a split route'),
    ]);
  });

  it('takes mirrors and fallbacks for used', () => {
    const others = 'next: { url: http://next }, readonly: { url: http://readonly }';
    expect(
      warningsOf(`
upstreams: { users: { url: http://users, retry: { perTryTimeout: 1s }, fallback: { upstream: readonly } }, ${others} }
routes: [{ id: r, match: { path: /r }, upstream: users, mirror: { upstream: next } }]`),
    ).toEqual([]);
  });

  it('warns of a gateway that serves nothing', () => {
    expect(warningsOf('{}')).toEqual([
      'routes: there is no route: every request gets 404',
      'upstreams: there is no upstream: nothing can be forwarded',
    ]);
  });

  it('warns of an entry limit above the whole cache', () => {
    expect(warningsOf(`cache: { maxEntryBytes: 65MiB }\n${route('timeout: 2s')}`)).toEqual([
      expect.stringContaining('cache.maxEntryBytes: maxEntryBytes (65MiB) is above maxBytes (64MiB)'),
    ]);
  });

  it('warns of what nothing uses', () => {
    const auth = `main: ${PROVIDER}, other: ${PROVIDER.replace('}', ', issuer: other }')}`;
    expect(warningsOf(route('auth: { provider: main }', auth))).toEqual([
      'auth.other: no route accepts tokens of this provider',
    ]);
    expect(warningsOf(route('auth: { optional: true }', auth))).toEqual([]);
    expect(warningsOf(route('auth: none', `main: ${PROVIDER}`))).toEqual([
      'auth.main: no route accepts tokens of this provider',
    ]);
    const idle = 'upstreams: { users: { url: http://a }, idle: { url: http://b } }';
    expect(warningsOf(`${idle}\nroutes: [{ id: r, match: { path: /r }, upstream: users }]`)).toEqual([
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
    const warnings = warningsOf(`
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

import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';
import { GATEWAY_LINTS } from './gateway.js';
import { PROVIDER_LINTS } from './providers.js';
import { ROUTE_LINTS } from './routes.js';
import { UPSTREAM_LINTS } from './upstreams.js';

/** Warnings as `lint: path`. */
function lint(text: string): string[] {
  const parsed = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.problems));
  return parsed.warnings.map(({ id, path }) => `${id}: ${path}`);
}

const SECRET = 'x'.repeat(32);
const one = (upstream: string, route = '') => `
upstreams: { users: { url: http://users, ${upstream} } }
routes: [{ id: r, match: { path: /r }, upstream: users, ${route} }]`;

/** Every mistake that a lint knows. */
const MISTAKES = `
breakers: { quorum: 60% }
plugins: { spare: {} }
management: { host: 0.0.0.0 }
server: { workers: 16, limits: { requestsPerUser: 8 }, rateLimit: { requests: 9, per: 1s, key: header:X-Tenant }, cors: { origins: [https://app.example], credentials: true } }
auth:
  a: { jwksUri: http://idp.example/jwks, issuer: https://idp.example, algorithms: [RS256] }
  b: { issuer: https://idp.example, algorithms: [RS256, ES256] }
  c: { issuer: http://other.example, algorithms: [RS256], cookie: session }
  e: { jwksUri: https://idp.example/jwks, algorithms: [ES512] }
  d: { introspection: { url: http://idp.example/introspect, clientId: gw, clientSecret: s } }
upstreams:
  users:
    url: http://users
    hashOn: user
    tls: { insecureSkipVerify: true }
    pool: { connections: 10 }
    retry: { attempts: 2, perTryTimeout: 2s }
    breaker: { window: 1s, openFor: 2m }
    health: { timeout: 20s }
    fallback: { stale: true, upstream: jobs }
  self: { targets: [{ url: "http://[::1]:8080" }, { url: "http://127.0.0.1:9090" }], fallback: { response: { body: $BODY } } }
  jobs: { url: http://jobs, timeout: 15s, retry: { attempts: 1 } }
routes:
  - { id: own, match: { path: /health }, upstream: users, auth: none }
  - { id: colon, match: { path: "/users/:id", methods: [POST] }, upstream: users, timeout: 20s, limits: { maxHeaderBytes: 1MiB }, auth: { provider: [a, b] } }
  - { id: first, match: { path: "/a/{x}", methods: [GET, POST] }, upstream: users, auth: none }
  - { id: later, match: { path: "/a/{y}", methods: [POST] }, upstream: users, auth: none }
  - { id: shared, match: { path: /b, methods: [POST] }, upstream: jobs, auth: { provider: c }, cache: { per: public } }
  - { id: cookies, match: { path: /c, methods: [PATCH] }, split: [{ upstream: jobs }], auth: none, cache: { per: public } }
  - { id: nobody, match: { path: /d, methods: [POST], headers: { x-beta: "*" } }, headers: { request: { set: { X-T: "{claim:t}" } } }, upstream: jobs, auth: none, cache: { per: user } }
`;

describe('lintConfig', () => {
  it('warns of every mistake that it knows, in sentences', () => {
    const result = parseConfig(MISTAKES, { file: '/gateway.yaml', env: {}, readFile: () => '' });
    expect(result.ok && result.warnings.map(({ path, message }) => `${path}: ${message}`))
      .toMatchInlineSnapshot(`
        [
          "breakers.quorum: without \`redis\`, replicas do not share their breakers",
          "plugins.spare: no route, provider or upstream of this file uses this plugin, and only a handler of code still can",
          "management.host: 0.0.0.0 can be reached from elsewhere, and without \`management.token\` everybody there can read metrics and health, while administration is closed",
          "server.limits.requestsPerUser: each of the 16 workers takes at least 1, so together they take more than 8",
          "server.rateLimit.key: \`header:x-tenant\` only counts from peers in \`server.trustProxy\`, and there are none, so clients are told apart by address",
          "auth.a: the issuer is asked over plain HTTP, so anyone between it and the gateway can let anybody in",
          "auth.b: \`a\` comes first and takes RS256 tokens of the same issuer too, so this provider is not asked about them on routes that accept both",
          "auth.c: the issuer is asked over plain HTTP, so anyone between it and the gateway can let anybody in",
          "auth.c: its \`cookie\` counts only in WebSocket handshakes, and no route with \`websocket\` accepts its tokens",
          "auth.e: without \`issuer\` and \`audience\`, every token that is signed with one of these keys is accepted, also one for another service",
          "auth.e: no route accepts tokens of this provider",
          "auth.d: the issuer is asked over plain HTTP, so anyone between it and the gateway can let anybody in",
          "auth.d: no route accepts tokens of this provider",
          "upstreams.users.hashOn: only \`balancer: consistent-hash\` uses it",
          "upstreams.users.tls: no target of this upstream is https",
          "upstreams.users.tls.insecureSkipVerify: certificates are not verified, so anyone between the gateway and the upstream can read and change everything",
          "upstreams.users.pool.connections: pool.connections (10 in all) is below bulkhead.concurrent (256), so it is the limit of calls at a time",
          "upstreams.users.pool.connections: each of the 16 workers takes at least 1, so together they take more than 10",
          "upstreams.users.retry.perTryTimeout: retry.perTryTimeout (2s) for 3 tries exceeds timeout (3s), so the last tries are cut short",
          "upstreams.users.breaker.window: breaker.window (1s) is below timeout (3s), so requests that time out are forgotten as soon as they fail",
          "upstreams.users.breaker.openFor: breaker.openFor (2m) is above breaker.maxOpenFor (1m), so it is never reached",
          "upstreams.users.health.timeout: health.timeout (20s) is not below health.interval (15s), so a probe is still running when the next is due",
          "upstreams.users.fallback.stale: no route of this upstream has a \`cache\` that stores responses for it",
          "upstreams.users.fallback.upstream: a request that times out leaves no time for the fallback upstream, unless all tries of \`retry.perTryTimeout\` end before \`timeout\`",
          "upstreams.self.targets[0].url: this is the address of the gateway itself, so requests come back and are answered with 508",
          "upstreams.self.targets[1].url: this is the management port of the gateway, so clients can read metrics and health",
          "upstreams.self.fallback.response.body: this text is used as it stands; a variable is written \${NAME}",
          "upstreams.jobs.timeout: breaker.window (10s) is below timeout (15s), so requests that time out are forgotten as soon as they fail",
          "routes[0].match.path: the gateway itself answers /health, so no request reaches this route",
          "routes[1].match.path: \`:id\` is matched literally; a parameter is written \`{id}\`",
          "routes[1].timeout: for upstream \`users\`, breaker.window (1s) is below timeout (20s), so requests that time out are forgotten as soon as they fail",
          "routes[1].limits.maxHeaderBytes: \`server.maxHeaderBytes\` is lower, so this limit has no effect",
          "routes[3].match: routes[2] comes before it and takes all its requests",
          "routes[4].cache.per: \`per: public\` on a route with auth serves one user the responses of another",
          "routes[5].cache: browsers send cookies (cors.credentials) and all clients share one copy, so a client is served the response of another unless the upstream says \`private\` or \`Vary: Cookie\`",
          "routes[5].cache: all clients share one copy, so a user of one side of the split is served the response of another side",
          "routes[6].match.headers: the value of \`x-beta\` is compared exactly, so \`*\` stands for nothing else",
          "routes[6].headers: the route has no auth, so there are no claims, and \`x-t\` is never set",
          "routes[6].cache.per: \`per: user\` on a route without auth has no users to tell apart",
        ]
      `);
    const known = Object.keys({ ...GATEWAY_LINTS, ...PROVIDER_LINTS, ...UPSTREAM_LINTS, ...ROUTE_LINTS });
    const found = new Set(lint(MISTAKES).map((warning) => warning.split(':')[0]));
    expect(known.filter((id) => !found.has(id))).toEqual([
      'no-route',
      'short-management-token',
      'retries-not-idempotent',
    ]);
  });

  it.each([
    one('health: {}, timeout: 3s'),
    one('', 'cache: {}'),
    `auth: { main: { secret: ${SECRET}, algorithms: [HS256] } }\n${one('', 'cache: {}')}`,
    one('retry: { perTryTimeout: 1500ms }'),
    one('bulkhead: { concurrent: 128 }'),
    one('breaker: { window: 3s }'),
    one('fallback: { stale: true }', 'cache: {}'),
    `redis: { url: "" }\nbreakers: { quorum: 60% }\n${one('')}`,
  ])('does not warn of %s', (text) => {
    expect(lint(text)).toEqual([]);
  });

  it('does not warn of contradictions between defaults that nobody wrote', () => {
    expect(lint(one(''))).toEqual([]);
    expect(lint(one('bulkhead: { concurrent: 2000 }'))).toEqual([]);
    expect(lint(one('timeout: 11s'))).toEqual(['window-below-timeout: upstreams.users.timeout']);
    expect(lint(one('health: { interval: 2s }'))).toEqual([
      'health-timeout-above-interval: upstreams.users.health.interval',
    ]);
  });

  it('checks the timeout of a route against each side of its split', () => {
    const text = `
upstreams: { users: { url: http://users }, next: { url: http://next, breaker: { window: 1m } } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: next }], timeout: 30s }]`;
    expect(lint(text)).toEqual(['window-below-timeout: routes[0].timeout']);
  });

  it('reports an inherited value once, in `defaults`', () => {
    const text = `
defaults: { health: { timeout: 20s } }
upstreams: { users: { url: http://users }, orders: { url: http://orders } }
routes: [{ id: r, match: { path: /r }, split: [{ upstream: users }, { upstream: orders }] }]`;
    const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
    expect(result.ok && result.warnings.map(({ path }) => path)).toEqual(['defaults.health.timeout']);
  });

  it.each([
    ['hash-without-balancer', 'hashOn: user', 'url: http://b, balancer: consistent-hash'],
    ['tls-without-https', 'tls: {}', 'url: https://b'],
  ])('warns of %s in `defaults` only when no upstream uses it', (id, key, other) => {
    const text = (url: string) => `
defaults: { ${key} }
upstreams: { a: { url: http://a }, b: { ${url} } }
routes: [{ id: r, match: { path: /r }, upstream: b }]`;
    const path = `defaults.${key.split(':')[0]}`;
    expect(lint(text(other))).toEqual([]);
    expect(lint(text('url: http://b'))).toEqual([`${id}: ${path}`]);
  });

  it.each([
    ['[POST, PATCH]', true],
    ['[POST, PUT]', false],
    ['[]', false],
  ])('warns of retries on routes for %s: %s', (methods, isWarned) => {
    const text = `
upstreams: { users: { url: http://users, retry: { attempts: 1 } } }
routes: [{ id: r, match: { path: /r, methods: ${methods} }, upstream: users }]`;
    expect(lint(text)).toEqual(isWarned ? ['retries-not-idempotent: upstreams.users.retry.attempts'] : []);
  });

  it.each([
    ['[GET, PUT]', '[PUT]', true],
    ['[GET]', '[HEAD]', true],
    ['[PUT]', '[GET, PUT]', false],
    // A route that names its methods is more specific than one that takes all.
    ['[]', '[PUT]', false],
    ['[PUT]', '[]', false],
  ])('with a route for %s before one for %s, the later one is shadowed: %s', (first, second, isShadowed) => {
    const text = `
upstreams: { users: { url: http://users } }
routes:
  - { id: a, match: { path: "/r/{x}", methods: ${first} }, upstream: users }
  - { id: b, match: { path: "/r/{y}", methods: ${second} }, upstream: users }`;
    expect(lint(text)).toEqual(isShadowed ? ['shadowed-route: routes[1].match'] : []);
  });

  const issuer = 'issuer: https://idp.example';
  const keys = 'jwksUri: https://idp.example/jwks';
  it.each([
    [
      'issuers differ',
      `${issuer}, ${keys}, algorithms: [RS256]`,
      `${issuer}/b, ${keys}, algorithms: [RS256]`,
    ],
    [
      'only one has an issuer',
      `${issuer}, ${keys}, algorithms: [RS256]`,
      `audience: gw, ${keys}, algorithms: [RS256]`,
    ],
    [
      'algorithms differ',
      `${issuer}, ${keys}, algorithms: [RS256]`,
      `${issuer}, ${keys}, algorithms: [ES256]`,
    ],
    [
      'one takes API keys',
      `${issuer}, ${keys}, algorithms: [RS256]`,
      `apiKeys: [{ id: x, hash: "sha256:${'0'.repeat(64)}" }]`,
    ],
  ])('does not warn of two providers when %s', (_, a, b) => {
    expect(lint(`auth: { a: { ${a} }, b: { ${b} } }\n${one('')}`)).toEqual([]);
  });

  it.each([
    'http://localhost:8080/jwks',
    'http://127.0.0.1/jwks',
    'http://[::1]/jwks',
    'https://idp.example/jwks',
  ])('does not warn of keys at %s', (url) => {
    expect(lint(`auth: { a: { jwksUri: "${url}", audience: gw, algorithms: [RS256] } }\n${one('')}`)).toEqual(
      [],
    );
  });

  it('warns of a configuration without routes', () => {
    expect(lint('{}')).toEqual(['no-route: routes']);
  });
});

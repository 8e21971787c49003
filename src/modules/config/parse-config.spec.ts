import { describe, expect, it } from 'vitest';
import { type ConfigResult, parseConfig } from './parse-config.js';
import { formatProblems } from './problem.js';

function parse(text: string, env: Record<string, string> = {}): ConfigResult {
  return parseConfig(text, {
    file: '/etc/gw/gateway.yaml',
    env,
    readFile: (path) => `the content of ${path}\n`,
  });
}

function config(text: string, env?: Record<string, string>) {
  const result = parse(text, env);
  if (!result.ok) throw new Error(formatProblems('gateway.yaml', result.problems));
  return result.config;
}

const USERS = 'upstreams: { users: { url: http://users:3001 } }';
const SECRET = 'x'.repeat(32);

function provider(audience: string) {
  return config(`auth: { m: { secret: ${SECRET}, algorithms: [HS256], audience: ${audience} } }`).auth['m'];
}

describe('a valid configuration', () => {
  it.each([
    ['', '0.0.0.0'],
    ['management: { port: 9000 }', '0.0.0.0'],
    ['management: { host: 10.0.0.1 }', '10.0.0.1'],
  ])('takes the default of management.host from MANAGEMENT_HOST: %s', (management, host) => {
    const env = { MANAGEMENT_HOST: '0.0.0.0' };
    expect(config(`${USERS}\n${management}`, env).management.host).toBe(host);
  });

  it('has every default filled in', () => {
    const text = `
upstreams: { users: { url: http://users:3001, health: {}, fallback: {} } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]`;
    expect(config(text)).toEqual({
      server: {
        host: '0.0.0.0',
        port: 8080,
        trustProxy: [],
        access: { allow: [], deny: [] },
        forwardedHeaders: 'both',
        maxHeaderBytes: 16_384,
        maxBodyBytes: 10_485_760,
        headersTimeout: 10_000,
        requestIdleTimeout: 30_000,
        requestTimeout: 0,
        receiveMinRate: 1_024,
        sendTimeout: 30_000,
        sendMinRate: 1_024,
        keepAliveTimeout: 65_000,
        healthDetails: false,
        workers: 1,
        limits: { connections: 10_000, connectionsPerIp: 1_000 },
        overload: { maxWait: 100, maxMemory: 0.9 },
        shutdown: { delay: 5_000, drain: 20_000 },
        securityHeaders: 'api',
        compression: false,
        errors: { typeBase: 'urn:breakwater:problem:', html: true, bodies: [] },
        cors: {
          origins: [],
          methods: ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'],
          headers: [],
          exposeHeaders: [
            'x-request-id',
            'retry-after',
            'ratelimit',
            'breakwater-fallback',
            'breakwater-partial',
          ],
          credentials: false,
          maxAge: 600_000,
        },
      },
      log: { level: 'info' },
      accessLog: { enabled: true, sample: 1, statuses: 'all', query: false },
      tracing: { endpoint: '', sample: 0.01, headers: {}, serviceName: 'breakwater' },
      state: {},
      management: { host: '127.0.0.1', port: 9090, token: '' },
      auth: {},
      redis: { url: '', keyPrefix: 'breakwater:', connectTimeout: 1_000, commandTimeout: 50 },
      breakers: { quorum: 0.5 },
      cache: { maxBytes: 67_108_864, maxEntryBytes: 1_048_576, ttl: 300_000 },
      upstreams: {
        users: {
          targets: [{ url: 'http://users:3001', weight: 1 }],
          balancer: 'power-of-two',
          hashOn: 'ip',
          slowStart: 0,
          outlier: { consecutiveFailures: 5, ejectFor: 10_000, maxEjected: 0.5 },
          timeout: 3_000,
          connectTimeout: 1_000,
          bodyTimeout: 30_000,
          streamIdleTimeout: 0,
          maxHeaderBytes: 32_768,
          pool: { keepAlive: 4_000 },
          bulkhead: { concurrent: 256, adaptive: false, queue: 512, streams: 1024 },
          retry: {
            attempts: 1,
            on: ['connect', 'reset', 502, 503, 504],
            backoff: { base: 25, max: 250 },
            budget: 0.2,
            maxBodyBytes: 65_536,
          },
          breaker: {
            errorRate: 0.5,
            window: 10_000,
            minRequests: 20,
            consecutiveFailures: 5,
            openFor: 5_000,
            maxOpenFor: 60_000,
            failureStatuses: [500, 502, 503, 504],
            mode: 'enforce',
          },
          health: {
            path: '/health',
            interval: 15_000,
            unhealthyInterval: 3_000,
            timeout: 2_000,
            failures: 3,
            passes: 2,
            statuses: [[200, 299]],
          },
          fallback: {
            stale: false,
            response: { status: 503, headers: {}, body: { error: 'The service is temporarily unavailable' } },
          },
        },
      },
      plugins: {},
      routes: [
        {
          id: 'users',
          match: { path: '/users/**', methods: [], hosts: [], headers: {}, encodedSlashes: 'reject' },
          upstream: 'users',
          priority: 'normal',
          maxBodyBytes: 10_485_760,
          requestTimeout: 0,
          securityHeaders: 'api',
          compression: false,
          forwardedHeaders: 'both',
          hasLimits: false,
          plugins: [],
        },
      ],
    });
  });

  it('has no health probes and no fallback unless they are written', () => {
    const { users } = config(USERS).upstreams;
    expect(users).not.toHaveProperty('health');
    expect(users).not.toHaveProperty('fallback');
  });

  it('merges `defaults` under the keys of each upstream', () => {
    const { upstreams } = config(`
defaults: { timeout: 5s, breaker: { errorRate: 20%, window: 30s }, health: { path: /up } }
upstreams:
  users: { url: http://users, breaker: { window: 1m } }
  orders: { url: http://orders, timeout: 1s, connectTimeout: 100ms }
`);
    expect(upstreams['users']).toMatchObject({
      timeout: 5_000,
      breaker: { errorRate: 0.2, window: 60_000, minRequests: 20 },
      health: { path: '/up', interval: 15_000 },
    });
    expect(upstreams['orders']).toMatchObject({
      timeout: 1_000,
      breaker: { errorRate: 0.2, window: 30_000 },
    });
  });

  it.each([
    ['no provider', '', '', 'public'],
    ['a provider', `main: { secret: ${SECRET}, algorithms: [HS256] }`, '', 'user'],
    ['auth: none', `main: { secret: ${SECRET}, algorithms: [HS256] }`, 'auth: none,', 'public'],
    ['auth of its own', `main: { secret: ${SECRET}, algorithms: [HS256] }`, 'auth: {},', 'user'],
  ])('with %s, stores responses per user or for all', (_, auth, routeAuth, per) => {
    const { routes } = config(`
auth: { ${auth} }
cache: { ttl: 10m }
${USERS}
routes: [{ id: r, match: { path: /r }, upstream: users, ${routeAuth} cache: {} }]`);
    expect(routes[0]?.cache).toMatchObject({ ttl: 600_000, per });
  });

  it('keeps the cache settings that a route has', () => {
    const route = '{ id: r, match: { path: /r }, upstream: users, cache: { ttl: 1m, per: user } }';
    expect(config(`${USERS}\nroutes: [${route}]`).routes[0]?.cache).toEqual({
      ttl: 60_000,
      heuristic: false,
      override: false,
      per: 'user',
      staleIfError: 0,
      staleInsteadOf: [500, 502, 503, 504],
      staleWhileRevalidate: 0,
    });
  });

  it.each([
    ['{}', '{}', '', 0],
    ['{ stale: true }', '{}', '', 3_600_000],
    ['{ stale: true }', '{}', 'staleIfError: 5m', 300_000],
    ['{ stale: true }', '{}', 'staleIfError: 0s', 0],
    ['{ stale: true }', '{ stale: true }', '', 3_600_000],
  ])('with fallback %s (and %s) and cache { %3$s } keeps stale answers for %4$i ms', (a, b, cache, ms) => {
    const of = (where: string) =>
      config(`
upstreams: { a: { url: http://a, fallback: ${a} }, b: { url: http://b, fallback: ${b} } }
routes: [{ id: r, match: { path: /r }, ${where}, cache: { ${cache} } }]`).routes[0]?.cache?.staleIfError;
    expect(of('upstream: a')).toBe(ms);
    // A split route serves stale responses only if every side has the fallback.
    const ofBoth = b === '{}' && cache === '' ? 0 : ms;
    expect(of('split: [{ upstream: a }, { upstream: b }]')).toBe(ofBoth);
  });

  it('accepts one audience or several', () => {
    expect(provider('gw')?.audience).toEqual(['gw']);
    expect(provider('[gw, admin]')?.audience).toEqual(['gw', 'admin']);
  });

  it('substitutes variables and files', () => {
    const text = `
server: { port: "\${PORT:-8181}" }
auth: { main: { secret: "\${file:secrets/jwt}", algorithms: [HS256] } }
upstreams: { users: { url: "http://\${HOST}:3001", fallback: { response: { body: "$\${literal}" } } } }`;
    const { server, auth, upstreams } = config(text, { HOST: 'users' });
    expect(server.port).toBe(8181);
    expect(auth['main']?.secret).toBe('the content of /etc/gw/secrets/jwt');
    expect(upstreams['users']?.targets[0]?.url).toBe('http://users:3001');
    expect(upstreams['users']?.fallback?.response?.body).toBe('${literal}');
  });

  it('is deeply frozen', () => {
    const { upstreams, routes } = config(
      `${USERS}\nroutes: [{ id: r, match: { path: /r }, upstream: users }]`,
    );
    expect(() => Object.assign(upstreams['users']!.breaker, { window: 1 })).toThrow(TypeError);
    expect(() => Object.assign(routes[0]!.match.methods, { 0: 'GET' })).toThrow(TypeError);
    expect(() => Object.assign(upstreams, { more: 1 })).toThrow(TypeError);
  });

  it('has records without a prototype', () => {
    const { auth, upstreams } = config('upstreams: { constructor: { url: http://a } }');
    expect(upstreams['constructor']?.targets[0]?.url).toBe('http://a');
    expect([auth['toString'], upstreams['toString']]).toEqual([undefined, undefined]);
  });

  it('has warnings with their positions', () => {
    const result = parse(`${USERS}\nroutes: []\nserver: {}\ndefaults: { breaker: { window: 1s } }`);
    expect(result.ok && formatProblems('f', result.warnings).split('\n')).toEqual([
      'f:2:1 routes: there is no route, so every request is answered with 404',
      'f:4:32 defaults.breaker.window: breaker.window (1s) is below timeout (3s), so requests that time out are forgotten as soon as they fail',
    ]);
  });
});

describe('an invalid configuration', () => {
  it('is reported with all its problems, in the order of the file', () => {
    const result = parse(`
server: { prot: 1 }
auth: { main: { secret: short, algorithms: [HS256] } }
upstreams:
  users: { url: "\${USERS_URL}", timeout: 3 parsecs }
  users: {}
routes:
  - { id: r, match: { path: users }, upstream: user }
  - { id: r, match: { path: /r }, upstream: users }
`);
    const places = result.ok ? [] : result.problems.map(({ path, line }) => `${line} ${path}`);
    expect(places).toEqual([
      '2 server.prot',
      '3 auth.main.secret',
      '5 upstreams.users.url',
      '5 upstreams.users.timeout',
      '6 upstreams.users',
      '8 routes[0].match.path',
      '8 routes[0].upstream',
      '9 routes[1].id',
    ]);
  });

  it('cannot pollute a prototype', () => {
    const text = '{"__proto__": {"polluted": 1}, "upstreams": {"__proto__": {"url": "http://x"}}}';
    const result = parse(text);
    expect(result.ok || result.problems).toHaveLength(2);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('never reveals a secret that was substituted', () => {
    const value = 'hunter2 $%';
    const text = `
server: { host: "\${API_KEY}", port: "\${API_KEY}", trustProxy: ["\${API_KEY}"], maxBodyBytes: "\${API_KEY}", cors: { origins: ["\${API_KEY}"], credentials: "\${API_KEY}" } }
auth: { main: { publicKey: "\${API_KEY}", algorithms: ["\${API_KEY}"], clockSkew: "\${API_KEY}" } }
upstreams: { users: { url: "\${API_KEY}", breaker: { errorRate: "\${API_KEY}", failureStatuses: ["\${API_KEY}"] }, health: { statuses: ["\${API_KEY}"], path: "\${API_KEY}" } } }
routes: [{ id: "\${API_KEY}", match: { path: "\${API_KEY}", methods: ["\${API_KEY}"], hosts: ["\${API_KEY}"] }, upstream: "\${API_KEY}", auth: "\${API_KEY}", cache: { per: "\${API_KEY}" } }]
management: "\${API_KEY}"
`;
    const result = parse(text, { API_KEY: value });
    const report = result.ok ? '' : formatProblems('f', result.problems);
    expect(report.split('\n').length).toBeGreaterThan(15);
    expect(report).not.toContain('hunter2');
  });
});

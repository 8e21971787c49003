/** All connections of the load come from one address. */
const limits = { connections: 0, connectionsPerIp: 0 };

/** The least that most gateways need: the defaults, tokens and probes. */
export const onlyWhatItNeeds = ({ prefixes, upstreams, upstreamUrl, secret }) => ({
  server: { host: '127.0.0.1', port: 0, shutdown: { delay: '0s', drain: '1s' }, limits },
  management: { port: 0 },
  auth: { bench: { secret, algorithms: ['HS256'] } },
  upstreams: manyUpstreams(upstreams, { url: upstreamUrl, health: { path: '/health' } }),
  routes: manyRoutes(prefixes, upstreams, {}),
});

/**
 * A gateway with every feature that leaves the response and the number of requests to the upstream as they are.
 * `breakwater-config.spec.ts` fails when the schema has a key that is neither here nor in `leftOut`.
 * @param {object} route further keys of each route
 * @param {object} upstream further keys of each upstream
 */
export function everyFeature({ prefixes, upstreams, upstreamUrl, secret }, route = {}, upstream = {}) {
  return {
    server: {
      host: '127.0.0.1',
      port: 0,
      shutdown: { delay: '0s', drain: '1s' },
      access: { deny: ['192.0.2.0/24'] },
      cors: { origins: ['https://app.example.com'], credentials: true },
      compression: true,
      limits: {
        ...limits,
        requestsPerIp: 1_000_000,
        requestsPerUser: 1_000_000,
        streamsPerUser: 1_000_000,
      },
    },
    management: { port: 0, token: secret },
    accessLog: { enabled: true },
    auth: { bench: { secret, algorithms: ['HS256'] } },
    upstreams: manyUpstreams(upstreams, {
      url: upstreamUrl,
      balancer: 'power-of-two',
      timeout: '3s',
      outlier: { consecutiveFailures: 5 },
      slowStart: '10s',
      pool: { keepAlive: '30s' },
      bulkhead: { concurrent: 256, adaptive: true },
      retry: { attempts: 2, perTryTimeout: '1s' },
      hedge: { after: '500ms' },
      breaker: { errorRate: '50%' },
      health: { path: '/health' },
      fallback: { response: { body: { error: 'Orders are away' } } },
      ...upstream,
    }),
    routes: manyRoutes(prefixes, upstreams, {
      auth: { provider: 'bench', scopes: ['orders:read'] },
      headers: {
        request: { set: { 'X-Tenant': '{claim:sub}' }, remove: ['X-Debug'] },
        response: { set: { 'X-Served-By': 'breakwater' }, remove: ['X-Powered-By'] },
      },
      rewrite: { path: '/orders/{rest}' },
      securityHeaders: { contentSecurityPolicy: true },
      websocket: true,
      access: { allow: ['127.0.0.0/8', '::1'] },
      limits: {
        requestsPerUser: 1_000_000,
        maxHeaderBytes: '8KiB',
        maxQueryBytes: '1KiB',
        maxQueryParameters: 100,
        contentTypes: ['application/json'],
      },
      ...route,
    }),
  };
}

/**
 * Keys of the schema that `everyFeature` leaves out, or has at their defaults: features with the reason, which the page
 * tells, and settings of what is on by itself.
 */
export const leftOut = {
  features: {
    cache: 'the cache, which has a row of its own',
    redis: 'Redis and breakers that gateways share, since there is one gateway',
    rateLimit: 'rate limits, which add headers to responses',
    mirror: 'mirroring, which sends each request to a second upstream as well',
    tracing: 'traces, since no contender records any',
    plugins: 'plugins, which are code of the user',
    state: 'the state file, which is written in the background',
    split: 'a split, since there is one upstream',
    gather: 'answers that are made of several calls',
    fault: 'injected faults',
    maintenance: 'maintenance, which answers instead of the upstream',
    tls: 'TLS, which no contender uses',
    workers: 'several workers, since each contender has one core',
  },
  settings: {
    root: ['breakers', 'defaults', 'log'],
    server: [
      'errors',
      'forwardedHeaders',
      'headersTimeout',
      'healthDetails',
      'keepAliveTimeout',
      'maxBodyBytes',
      'maxHeaderBytes',
      'overload',
      'receiveMinRate',
      'requestIdleTimeout',
      'requestTimeout',
      'securityHeaders',
      'sendMinRate',
      'sendTimeout',
      'trustProxy',
    ],
    upstream: ['targets', 'hashOn', 'connectTimeout', 'bodyTimeout', 'streamIdleTimeout', 'maxHeaderBytes'],
    route: [
      'cors',
      'compression',
      'priority',
      'timeout',
      'streamIdleTimeout',
      'requestTimeout',
      'maxBodyBytes',
    ],
  },
};

const manyUpstreams = (count, upstream) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`orders-${i}`, upstream]));

const manyRoutes = (prefixes, upstreams, route) =>
  prefixes.map((prefix, i) => ({
    id: prefix.slice(1),
    match: { path: `${prefix}/**` },
    upstream: `orders-${i % upstreams}`,
    ...route,
  }));

import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { gateway, type RunningGateway } from './gateway.js';
import { collectBody } from './http.js';
import { recording } from './recording.js';
import type { RedisServer } from './redis.js';
import { SECRET } from './tokens.js';
import { until } from './until.js';

export interface Answer {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface Got {
  readonly status: number;
  readonly body: string;
  readonly bytes: Buffer;
  readonly headers: IncomingHttpHeaders;
  readonly age: number;
  /** Of `Cache-Status`, its first parameter: `hit`, `fwd=uri-miss`. */
  readonly how: string;
}

export interface Replica {
  readonly gw: RunningGateway;
  readonly get: (path?: string, headers?: Record<string, string>) => Promise<Got>;
  readonly send: (method: string, path: string) => Promise<number>;
  readonly purge: (query: string) => Promise<number>;
}

export interface ReplicasOptions {
  /** The `redis` key, in YAML. */
  readonly redis: string;
  /** The `cache` key of every route, in YAML. */
  readonly cache?: string;
  /** The `cache` key of the file, in YAML. */
  readonly memory?: string;
  readonly count?: number;
}

/**
 * Gateways that share Redis and an upstream, whose n-th answer is what `answer` makes of n. Routes: `/mine/**` for
 * users, and the rest for anybody.
 */
export async function replicas(
  answer: (n: number, req: IncomingMessage) => Answer | Promise<Answer>,
  { redis, cache = '{}', memory = '{}', count = 2 }: ReplicasOptions,
): Promise<{ readonly all: readonly Replica[]; readonly seen: readonly IncomingMessage[] }> {
  const users = recording((req, res) => {
    const n = users.requests.length;
    void collectBody(req).then(async () => {
      const { status = 200, headers = FRESH, body = String(n) } = await answer(n, req);
      res.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body);
    });
  });
  const builder = gateway(`
    redis: ${redis}
    cache: ${memory}
    auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
    upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 1000 } } }
    routes:
      - { id: mine, match: { path: /mine/** }, upstream: users, cache: ${cache} }
      - { id: all, match: { path: /** }, upstream: users, auth: none, cache: ${cache} }
  `).withUpstream('users', users.handler);
  const all: Replica[] = [];
  for (let i = 0; i < count; i++) all.push(replica(await builder.start()));
  return { all, seen: users.requests };
}

const FRESH = { 'cache-control': 'max-age=60' } as const;

function replica(gw: RunningGateway): Replica {
  return {
    gw,
    get: (path = '/1', headers = {}) => ask(gw.url + path, 'GET', headers),
    send: async (method, path) => (await ask(gw.url + path, method)).status,
    purge: async (query) => {
      const response = await gw.management(`/admin/cache/purge${query}`, { method: 'POST' });
      return ((await response.json()) as { purged: number }).purged;
    },
  };
}

/** Under one name, as behind a load balancer: each gateway has a port of its own here. */
function ask(url: string, method: string, headers: Record<string, string> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host: 'api.test', ...headers }, method, agent: false })
      .on('error', reject)
      .on('response', (res) => {
        collectBody(res).then(
          (bytes) =>
            resolve({
              status: res.statusCode ?? 0,
              body: bytes.toString(),
              bytes,
              headers: res.headers,
              age: Number(res.headers.age),
              how: String(res.headers['cache-status']).split('; ')[1] ?? '',
            }),
          reject,
        );
      })
      .end();
  });
}

/** Two of them over a Redis, with what a test looks at there. */
export async function twoReplicas(
  redis: RedisServer,
  answer: Parameters<typeof replicas>[0],
  options: Partial<ReplicasOptions> = {},
) {
  const yaml = `{ url: "${redis.url}", commandTimeout: 5s }`;
  const { all, seen } = await replicas(answer, { redis: yaml, ...options });
  const [a, b] = all;
  if (!a || !b) throw new Error('two replicas');
  const client = redis.client();
  const entries = () => client.keys('breakwater:c:*');
  /** An answer goes to Redis while the client reads it. */
  const stored = (count = 1) => until(`${count} in Redis`, async () => (await entries()).length === count);
  return { redis, a, b, seen, client, entries, stored };
}

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { expect } from 'vitest';
import { gateway, type RunningGateway } from './gateway.js';
import { ask, collectBody, type Got } from './http.js';
import { recording } from './recording.js';
import type { RedisServer } from './redis.js';
import { SECRET } from './tokens.js';
import { until } from './until.js';

export interface Answer {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

interface ReplicaGot extends Got {
  readonly age: number;
  /** The first parameter of `Cache-Status`: `hit`, `fwd=uri-miss`. */
  readonly how: string;
}

export interface Replica {
  readonly gw: RunningGateway;
  readonly get: (path?: string, headers?: Record<string, string>) => Promise<ReplicaGot>;
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
 * Starts gateways that share Redis and an upstream whose n-th response is `answer(n)`. Routes: `/mine/**` for users, and
 * the rest for anybody.
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
    get: (path = '/1', headers = {}) => askAs(gw.url + path, headers),
    send: async (method, path) => (await askAs(gw.url + path, {}, method)).status,
    purge: async (query) => {
      const response = await gw.management(`/admin/cache/purge${query}`, { method: 'POST' });
      return ((await response.json()) as { purged: number }).purged;
    },
  };
}

/** All gateways get the same Host, as behind a load balancer, although their ports differ. */
async function askAs(
  url: string,
  headers: Record<string, string> = {},
  method?: string,
): Promise<ReplicaGot> {
  const got = await ask(url, { host: 'api.test', ...headers }, method);
  return { ...got, age: Number(got.headers['age']), how: got.cacheStatus.split('; ')[1] ?? '' };
}

/** Starts two gateways with a shared Redis, and helpers to inspect it. */
export async function twoReplicas(
  redis: RedisServer,
  answer: Parameters<typeof replicas>[0],
  options: Partial<ReplicasOptions> = {},
) {
  const yaml = `{ url: "${redis.url}", connectTimeout: 10s, commandTimeout: 5s }`;
  const { all, seen } = await replicas(answer, { redis: yaml, ...options });
  const [a, b] = all;
  if (!a || !b) throw new Error('two replicas');
  const client = redis.client();
  const entries = () => client.keys('breakwater:c:*');
  /** Waits, since a response is written to Redis while the client reads it. */
  const stored = (count = 1) => until(`${count} in Redis`, async () => (await entries()).length === count);
  return { redis, a, b, seen, client, entries, stored };
}

const TAGGED = { 'cache-control': 'max-age=60', 'surrogate-key': 'one', vary: 'accept' };
const PATHS = Array.from({ length: 9 }, (_, i) => `/${i}`);

/** Expects that two gateways share responses and that a purge reaches both. */
export async function expectShared(redis: string): Promise<readonly [Replica, Replica]> {
  const { all, seen } = await replicas((_, { url }) => ({ headers: TAGGED, body: String(url) }), { redis });
  const [a, b] = all;
  if (!a || !b) throw new Error('two replicas');
  for (const path of PATHS) await a.get(path);
  // Redis is written while the clients read.
  for (const path of PATHS) {
    await until('it is shared', async () => {
      const asked = await b.get(path, { 'cache-control': 'only-if-cached' });
      return asked.status === 200 && asked.body === path;
    });
  }
  expect(seen).toHaveLength(PATHS.length);
  await a.purge('?tag=one');
  for (const path of PATHS) {
    await until('it is dropped', async () => {
      return (await b.get(path, { 'cache-control': 'only-if-cached' })).status === 504;
    });
  }
  return [a, b];
}

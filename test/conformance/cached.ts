import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { collectBody } from '../support/http.js';
import { recording } from '../support/recording.js';
import { SECRET } from '../support/tokens.js';

/** What the upstream does: an answer, or nothing but a reset. */
export type Given =
  { readonly status?: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string } | 'reset';

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly cacheStatus: string;
}

export interface Cached {
  readonly gw: RunningGateway;
  /** Every request that reached the upstream. */
  readonly seen: readonly IncomingMessage[];
  readonly get: (path?: string, headers?: OutgoingHttpHeaders, method?: string) => Promise<Got>;
}

export interface CachedOptions {
  /** The `cache` key of every route, in YAML. */
  readonly cache?: string;
  /** More of the upstream's keys, in YAML. */
  readonly upstream?: string;
}

/**
 * A gateway with a cache in front of an upstream whose n-th answer is what `answer` makes of n. Routes: `/mine/**`
 * for users, `/uncached/**` without a cache, and the rest for anybody.
 */
export async function cached(
  answer: (n: number, req: IncomingMessage) => Given | Promise<Given>,
  { cache = '{}', upstream = '' }: CachedOptions = {},
): Promise<Cached> {
  const users = recording((req, res) => {
    const n = users.requests.length;
    void collectBody(req).then(async () => {
      const given = await answer(n, req);
      if (given === 'reset') req.socket.destroy();
      else {
        const body = given.body ?? String(n);
        const length = given.status === 204 || given.status === 304 ? {} : { 'content-length': body.length };
        res.writeHead(given.status ?? 200, { ...length, ...given.headers }).end(body);
      }
    });
  });
  const gw = await gateway(`
    auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
    upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 }, ${upstream} } }
    routes:
      - { id: mine, match: { path: /mine/** }, upstream: users, cache: ${cache} }
      - { id: uncached, match: { path: /**, methods: [POST, PUT, DELETE] }, upstream: users, auth: none }
      - { id: all, match: { path: /** }, upstream: users, auth: none, cache: ${cache} }
  `)
    .withUpstream('users', users.handler)
    .start();
  const get: Cached['get'] = (path = '/1', headers = {}, method = 'GET') =>
    ask(gw.url + path, headers, method);
  return { gw, seen: users.requests, get };
}

/** Not `fetch`: with conditions, that adds a `no-cache` of its own. */
export function ask(url: string, headers: OutgoingHttpHeaders, method: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method, agent: false })
      .on('error', reject)
      .on('response', (res) => {
        collectBody(res).then(
          (body) =>
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              body: body.toString(),
              cacheStatus: String(res.headers['cache-status']),
            }),
          reject,
        );
      })
      .end();
  });
}

/** Over its lifetime from the first moment on, without waiting for it. */
export const STALE = { 'cache-control': 'max-age=60', age: '100' } as const;
export const FRESH = { 'cache-control': 'max-age=60' } as const;

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { ask, collectBody, type Got } from '../support/http.js';
import { type Recording, recording } from '../support/recording.js';
import { SECRET } from '../support/tokens.js';

/** What the upstream does: a response, or a reset. */
export type Given =
  { readonly status?: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string } | 'reset';

export interface Cached {
  readonly gw: RunningGateway;
  /** Every request that reached the upstream. */
  readonly seen: readonly IncomingMessage[];
  readonly get: (path?: string, headers?: OutgoingHttpHeaders, method?: string) => Promise<Got>;
}

export interface CachedOptions {
  /** The `cache` key of every route, in YAML. */
  readonly cache?: string;
  /** More keys of the upstream, in YAML. */
  readonly upstream?: string;
}

type AnswerOf = (n: number, req: IncomingMessage) => Given | Promise<Given>;

/**
 * Starts a gateway with a cache in front of an upstream whose n-th response is `answer(n)`. Routes: `/mine/**` for users,
 * unsafe methods without a cache, and the rest for anybody.
 */
export async function cached(answer: AnswerOf, options: CachedOptions = {}): Promise<Cached> {
  const users = answering(answer);
  const gw = await withCache(options).withUpstream('users', users.handler).start();
  const get: Cached['get'] = (path = '/1', headers, method) => ask(gw.url + path, headers, method);
  return { gw, seen: users.requests, get };
}

/**
 * Starts one gateway for all tests of a file, in which each test has paths of its own. Call it outside of tests.
 *
 * @returns `cached` without options
 */
export function cachedOnce(options: CachedOptions = {}): (answer: AnswerOf) => Cached {
  const upstreams: Recording[] = [];
  const gw = withCache(options)
    .withUpstream('users', (req, res) => {
      const [id] = /\d+/.exec(req.url ?? '') ?? [];
      return upstreams[Number(id)]?.handler(req, res);
    })
    .startOnce();
  return (answer) => {
    const users = answering(answer);
    const id = upstreams.push(users) - 1;
    const get: Cached['get'] = (path = '/1', headers, method) =>
      ask(gw.url + path.replace(/^(\/mine|)\//, `$1/${id}/`), headers, method);
    return { gw, seen: users.requests, get };
  };
}

function answering(answer: AnswerOf): Recording {
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
  return users;
}

function withCache({ cache = '{}', upstream = '' }: CachedOptions) {
  return gateway(`
    auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
    upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 }, ${upstream} } }
    routes:
      - { id: mine, match: { path: /mine/** }, upstream: users, cache: ${cache} }
      - { id: uncached, match: { path: /**, methods: [POST, PUT, DELETE] }, upstream: users, auth: none }
      - { id: all, match: { path: /** }, upstream: users, auth: none, cache: ${cache} }
  `);
}

/** A response that is stale on arrival. */
export const STALE = { 'cache-control': 'max-age=60', age: '100' } as const;
export const FRESH = { 'cache-control': 'max-age=60' } as const;

import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { gateway } from '../support/gateway.js';
import { ask, collectBody, type Got } from '../support/http.js';
import { SECRET } from '../support/tokens.js';

/** What the upstream does: a response, raw bytes, or a reset. The default is a 200 with the number of the call. */
export type Answer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      readonly body?: string;
      /** Omits the `Date` header. */
      readonly undated?: boolean;
    }
  | { readonly bytes: string }
  | 'reset';

/** A resource for a single test case. */
export interface Resource {
  readonly path: string;
  /** Every request that reached the upstream. */
  readonly seen: readonly IncomingMessage[];
  readonly get: (headers?: OutgoingHttpHeaders, method?: string) => Promise<Got>;
  /** Requests a path below it. */
  readonly at: (path: string, headers?: OutgoingHttpHeaders, method?: string) => Promise<Got>;
}

export interface OneGateway {
  readonly url: string;
  readonly managementUrl: string;
  /**
   * @param answers one after the other; after the last one, 200 with the number of the call
   * @param route `/public` (default) for anybody, `/mine` for users, `/shared` for users who share, `/uncached`
   */
  resource(
    answers: readonly Answer[] | ((n: number, req: IncomingMessage) => Answer),
    route?: string,
  ): Resource;
}

/** Starts one gateway for all cases of a file. Call it outside of tests. */
export function oneGateway(cache = '{ ttl: 0s }'): OneGateway {
  const resources = new Map<string, RequestListener>();
  const gw = gateway(`
    auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
    upstreams: { it: { url: "\${IT_URL}", retry: { attempts: 0 }, breaker: { mode: shadow } } }
    routes:
      - { id: public, match: { path: /public/** }, upstream: it, auth: none, cache: ${cache} }
      - { id: mine, match: { path: /mine/** }, upstream: it, cache: ${cache} }
      - { id: shared, match: { path: /shared/** }, upstream: it, cache: ${cache.replace('{', '{ per: public,')} }
      - { id: uncached, match: { path: /uncached/** }, upstream: it, auth: none }
  `)
    .withUpstream('it', (req, res) => {
      const id = /^\/[a-z]+\/\d+/.exec(req.url ?? '')?.[0];
      return resources.get(id ?? '')?.(req, res);
    })
    .startOnce();
  return {
    get url() {
      return gw.url;
    },
    get managementUrl() {
      return gw.gateway.managementUrl;
    },
    resource(answers, route = '/public') {
      const path = `${route}/${resources.size + 1}`;
      const seen: IncomingMessage[] = [];
      resources.set(path, (req, res) => {
        const n = seen.push(req);
        const answer = typeof answers === 'function' ? answers(n, req) : (answers[n - 1] ?? {});
        void collectBody(req).then(() => write(answer, n, res));
      });
      const at: Resource['at'] = (below, headers, method) => ask(gw.url + path + below, headers, method);
      return { path, seen, at, get: (headers, method) => at('', headers, method) };
    },
  };
}

function write(answer: Answer, n: number, res: ServerResponse): void {
  if (answer === 'reset') res.req.socket.destroy();
  else if ('bytes' in answer) res.req.socket.end(answer.bytes, 'latin1');
  else {
    const { status = 200, headers = {}, body = String(n), undated = false } = answer;
    const isBodiless = status === 204 || status === 304;
    res.sendDate = !undated;
    res
      .writeHead(status, { ...(isBodiless ? {} : { 'content-length': body.length }), ...headers })
      // A buffer, since Node would write the head in UTF-8 with a string.
      .end(Buffer.from(isBodiless ? '' : body, 'latin1'));
  }
}

/** @returns an HTTP date this many seconds from now */
export const httpDate = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

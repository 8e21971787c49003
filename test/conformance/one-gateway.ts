import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { register } from 'prom-client';
import { afterAll, beforeAll } from 'vitest';
import { Gateway } from '../../src/gateway.js';
import { configOf } from '../support/gateway.js';
import { collectBody } from '../support/http.js';
import { SECRET } from '../support/tokens.js';
import { ask, type Got } from './cached.js';

/** What the upstream does: an answer, its bytes as they are, or nothing but a reset. Default: 200 with the number of the call. */
export type Answer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      readonly body?: string;
      /** Without a `Date`. */
      readonly undated?: boolean;
    }
  | { readonly bytes: string }
  | 'reset';

/** A resource of its own for each case. */
export interface Resource {
  readonly path: string;
  /** Every request that reached the upstream. */
  readonly seen: readonly IncomingMessage[];
  readonly get: (headers?: OutgoingHttpHeaders, method?: string) => Promise<Got>;
  /** Asks for what is below it. */
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

/** One gateway for all cases of a file, so that hundreds of them take no longer than one. Call it beside `describe`. */
export function oneGateway(cache = '{ ttl: 1ms }'): OneGateway {
  const resources = new Map<string, (req: IncomingMessage, res: ServerResponse) => void>();
  const sockets = new Set<Socket>();
  const upstream = createServer((req, res) => {
    const id = /^\/[a-z]+\/\d+/.exec(req.url ?? '')?.[0];
    resources.get(id ?? '')?.(req, res);
  });
  upstream.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  let gateway: Gateway | undefined;
  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const { port } = upstream.address() as AddressInfo;
    const yaml = `
      auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
      upstreams: { it: { url: "http://127.0.0.1:${port}", retry: { attempts: 0 }, breaker: { mode: shadow } } }
      routes:
        - { id: public, match: { path: /public/** }, upstream: it, auth: none, cache: ${cache} }
        - { id: mine, match: { path: /mine/** }, upstream: it, cache: ${cache} }
        - { id: shared, match: { path: /shared/** }, upstream: it, cache: ${cache.replace('{', '{ per: public,')} }
        - { id: uncached, match: { path: /uncached/** }, upstream: it, auth: none }`;
    gateway = await Gateway.start(configOf(yaml), { logger: false });
  });
  afterAll(async () => {
    await gateway?.close();
    upstream.close();
    for (const socket of sockets) socket.destroy();
    register.clear();
  });
  return {
    get url() {
      return gateway?.url ?? '';
    },
    get managementUrl() {
      return gateway?.managementUrl ?? '';
    },
    resource(answers, route = '/public') {
      const path = `${route}/${resources.size + 1}`;
      const seen: IncomingMessage[] = [];
      resources.set(path, (req, res) => {
        const n = seen.push(req);
        const answer = typeof answers === 'function' ? answers(n, req) : (answers[n - 1] ?? {});
        void collectBody(req).then(() => write(answer, n, res));
      });
      const at: Resource['at'] = (below, headers = {}, method = 'GET') =>
        ask((gateway?.url ?? '') + path + below, headers, method);
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
      // Bytes: with text, Node would write the head in UTF-8.
      .end(Buffer.from(isBodiless ? '' : body, 'latin1'));
  }
}

/** @returns a date of so many seconds from now, as headers have it */
export const httpDate = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

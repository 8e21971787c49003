import { createServer } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { configOf, listen } from '../../../test/support/gateway.js';
import { raw, requestHead } from '../../../test/support/http.js';
import { systemClock } from '../../common/clock.js';
import { VIA } from '../../common/http/request-headers.js';
import { ConfigStore } from '../config/config.store.js';
import { ManagementToken } from '../config/management-token.js';
import type { Exchange } from './exchange.js';
import { exchangeOf } from './exchange.js';
import { ExchangeMiddleware } from './exchange.middleware.js';

const YAML = `
upstreams: { users: { url: "http://users" } }
routes: [{ id: users, match: { path: "/users/**", methods: [GET, POST] }, upstream: users }]
`;

interface Seen {
  readonly exchange: Exchange;
  readonly url: string;
  /** What `next` was called with. */
  readonly passed: unknown;
  /** What `finished` told once the response was closed. */
  readonly finished: Exchange;
}

/** Sends one request to a server of nothing but the middleware. */
async function send(requestLine: string, fields: string[] = [], server = ''): Promise<Seen> {
  const store = new ConfigStore(configOf(server + YAML));
  const token = new ManagementToken(store, systemClock);
  const middleware = new ExchangeMiddleware(store, systemClock, Math.random, token);
  const finished = new Promise<Exchange>((resolve) => middleware.finished.on(resolve));
  let seen: Omit<Seen, 'finished'> | undefined;
  const url = await listen(
    createServer({ requireHostHeader: false }, (req, res) => {
      const next: NextFunction = (passed?: unknown) => {
        // `use` has attached the record.
        seen = { exchange: exchangeOf(req)!, url: req.url ?? '', passed };
        res.end();
      };
      middleware.use(req as Request, res as Response, next);
    }),
  );
  await raw(url, requestHead(requestLine, 'Connection: close', ...fields));
  return { ...seen!, finished: await finished };
}

describe('ExchangeMiddleware', () => {
  it('attaches a record with the route, and goes on without an error', async () => {
    const { exchange, passed } = await send('GET /users/1?a=%2e', ['Host: API.test:80']);
    expect(passed).toBeUndefined();
    expect(exchange.route?.config.id).toBe('users');
    expect(exchange.head).toMatchObject({
      authority: 'API.test:80',
      host: 'api.test',
      path: '/users/1',
      query: '?a=%2e',
      hasBody: false,
      peerTrusted: false,
      clientIp: '127.0.0.1',
    });
  });

  it('attaches a record without a route when none matches', async () => {
    const { exchange, passed } = await send('GET /orders');
    expect(passed).toBeUndefined();
    expect(exchange.route).toBeUndefined();
    expect(exchange.head.match).toEqual({ kind: 'none' });
  });

  it('gives controllers of code the normalised path', async () => {
    expect((await send('GET /%75sers/1?x=%2f')).url).toBe('/users/1?x=%2f');
  });

  it('takes the authority of an absolute target in place of Host', async () => {
    const { exchange } = await send('GET http://real.test/users/1', ['Host: other.test']);
    expect(exchange.head).toMatchObject({ authority: 'real.test', host: 'real.test' });
  });

  it.each([
    ['a dot segment', 'GET /users/../x', [], 'malformed_path'],
    ['two hosts', 'GET /users/1', ['Host: a', 'Host: b'], 'malformed_host'],
    ['a malformed host', 'GET /users/1', ['Host: a b'], 'malformed_host'],
    ['an empty host', 'GET /users/1', ['Host: '], 'malformed_host'],
    ['TRACE', 'TRACE /users/1', [], 'method_not_allowed'],
    ['its own Via entry', 'GET /users/1', [`Via: ${VIA.entry}`], 'loop_detected'],
  ])('refuses %s, in a record without a route', async (_, requestLine, fields, code) => {
    const { exchange, passed } = await send(requestLine, fields);
    expect(passed).toMatchObject({ code });
    expect(exchange.refusal).toBe(passed);
    expect(exchange.route).toBeUndefined();
    expect(exchange.head).toMatchObject({ clientIp: '127.0.0.1', path: '/' });
  });

  it('does not take another gateway of the same kind for itself', async () => {
    const { passed } = await send('GET /users/1', ['Via: 1.1 breakwater-0123456789ab']);
    expect(passed).toBeUndefined();
  });

  it('believes the request id and the client address of a trusted peer only', async () => {
    const fields = ['X-Request-Id: edge-1', 'X-Forwarded-For: 203.0.113.7'];
    const claimed = { id: 'edge-1', clientIp: '203.0.113.7' };
    const trusting = 'server: { trustProxy: [127.0.0.1] }';
    expect((await send('GET /users/1', fields, trusting)).exchange.head).toMatchObject(claimed);
    const { head } = (await send('GET /users/1', fields)).exchange;
    expect(head.clientIp).toBe('127.0.0.1');
    expect(head.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('emits the record of a refused request, too, when its response has closed', async () => {
    const { exchange, finished } = await send('TRACE /users/1');
    expect(finished).toBe(exchange);
    expect(finished.outcome).toBe('success');
  });
});

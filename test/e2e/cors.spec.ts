import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';
import { SECRET } from '../support/tokens.js';

const YAML = `
server:
  cors:
    origins: [https://app.example.com, http://localhost:3000, 'https://*.example.org', capacitor://localhost]
    methods: [GET, PUT]
    headers: [x-custom, authorization]
    credentials: true
    maxAge: 5m
  maxBodyBytes: 9B
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: open, match: { path: /open }, upstream: users, auth: none, cache: {} }
  - { id: private, match: { path: /private, methods: [GET] }, upstream: users }
`;
const APP = 'https://app.example.com';

let upstreamHeaders: OutgoingHttpHeaders = {};
const users = recording((_req, res) => void res.writeHead(200, upstreamHeaders).end('hello'));
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();

async function answerTo(requestLine: string, fields: string[], headers: OutgoingHttpHeaders = {}) {
  upstreamHeaders = headers;
  users.clear();
  const [answer] = answersIn(await raw(gw.url, requestHead(requestLine, 'Connection: close', ...fields)));
  return { status: answer!.status, headers: answer!.headers, calls: users.requests.length };
}

const preflight = (path: string, origin: string) =>
  answerTo(`OPTIONS ${path}`, [`Origin: ${origin}`, 'Access-Control-Request-Method: PUT']);
const corsOf = (headers: Record<string, string[]>) =>
  Object.keys(headers)
    .filter((name) => name.startsWith('access-control-'))
    .toSorted();

describe('a preflight', () => {
  it.each(['/open', '/private', '/nowhere'])(
    'is answered by the gateway without a token: %s',
    async (path) => {
      const { status, headers, calls } = await preflight(path, APP);
      expect({ status, calls }).toEqual({ status: 204, calls: 0 });
      expect(headers).toMatchObject({
        'access-control-allow-origin': [APP],
        'access-control-allow-methods': ['GET,PUT'],
        'access-control-allow-headers': ['x-custom,authorization'],
        'access-control-allow-credentials': ['true'],
        'access-control-max-age': ['300'],
      });
      expect(headers['vary']?.join()).toContain('Origin');
    },
  );

  it.each(['https://evil.test', 'https://app.example.com.evil.test', 'http://app.example.com', 'null'])(
    'allows nothing for another origin: %s',
    async (origin) => {
      const { headers, calls } = await preflight('/open', origin);
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(calls).toBe(0);
    },
  );
});

describe('a preflight with `headers: []`', () => {
  it('allows no request header', async () => {
    const gw = await gateway(`server: { cors: { origins: [${APP}], credentials: true } }\n${ONE_ROUTE}`)
      .withUpstream('users', users.handler)
      .start();
    const asking = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-secret' };
    const { headers } = await gw.fetch('/1', { method: 'OPTIONS', headers: { origin: APP, ...asking } });
    expect(headers.get('access-control-allow-origin')).toBe(APP);
    expect(headers.get('access-control-allow-headers')).toBeNull();
  });
});

describe('a response to another origin', () => {
  it.each(['https://a.example.org', 'capacitor://localhost'])('gets CORS headers: %s', async (origin) => {
    const { headers } = await answerTo('GET /open?app', [`Origin: ${origin}`]);
    expect(headers['access-control-allow-origin']).toEqual([origin]);
  });

  it.each([
    ['a bad path', 400, 'GET /%00', []],
    ['two hosts', 400, 'GET /open', ['Host: a.test', 'Host: b.test']],
    ['another expectation', 417, 'GET /open', ['Expect: a-miracle']],
    ['no route', 404, 'GET /nowhere', []],
    ['another method', 405, 'DELETE /private', []],
    ['too long a body', 413, 'POST /open', ['Content-Length: 99']],
  ])('gets CORS headers with a refusal: %s', async (_, status, line, fields) => {
    const answer = await answerTo(line, [`Origin: ${APP}`, ...fields]);
    expect(answer).toMatchObject({
      status,
      headers: {
        'access-control-allow-origin': [APP],
        'access-control-expose-headers': [
          'x-request-id,retry-after,ratelimit,breakwater-fallback,breakwater-partial',
        ],
      },
    });
  });

  it('gets CORS headers with a refusal of its body', async () => {
    const head = requestHead('POST /open', `Origin: ${APP}`, 'Transfer-Encoding: chunked');
    const [answer] = answersIn(await raw(gw.url, `${head}no chunk\r\n`));
    expect(answer).toMatchObject({ status: 400, headers: { 'access-control-allow-origin': [APP] } });
  });

  it('gets CORS headers and keeps the Vary of the upstream', async () => {
    const { headers, calls } = await answerTo('GET /open?exposed', [`Origin: ${APP}`], {
      vary: 'Accept-Language',
    });
    expect(calls).toBe(1);
    expect(headers).toMatchObject({
      'access-control-allow-origin': [APP],
      'access-control-allow-credentials': ['true'],
    });
    expect(headers['vary']?.join(', ').split(', ').toSorted()).toEqual(['Accept-Language', 'Origin']);
  });

  it('gets CORS headers on a rejection, so that the page can read it', async () => {
    const { status, headers } = await answerTo('GET /private', [`Origin: ${APP}`]);
    expect(status).toBe(401);
    expect(headers).toMatchObject({
      'access-control-allow-origin': [APP],
      'x-frame-options': ['SAMEORIGIN'],
    });
  });

  it('gets the headers of the requesting origin, also from the cache', async () => {
    const users = recording((_req, res) => void res.end('hello'));
    const gw = await gateway(YAML).withUpstream('users', users.handler).start();
    for (const origin of [APP, 'http://localhost:3000']) {
      const response = await gw.fetch('/open', { headers: { origin } });
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    }
    const unmarked = await gw.fetch('/open', { headers: { origin: 'https://evil.test' } });
    expect(unmarked.headers.get('access-control-allow-origin')).toBeNull();
    expect(unmarked.headers.get('vary')).toBe('Origin');
    expect(users.requests).toHaveLength(1);
  });

  it('replaces the CORS headers of the upstream', async () => {
    const theirs = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'x-theirs' };
    const { headers } = await answerTo('GET /open', [`Origin: ${APP}`], theirs);
    expect(headers['access-control-allow-origin']).toEqual([APP]);
    expect(corsOf(headers)).toEqual([
      'access-control-allow-credentials',
      'access-control-allow-origin',
      'access-control-expose-headers',
    ]);
    const refused = await answerTo('GET /open', ['Origin: https://evil.test'], {
      'access-control-allow-origin': '*',
    });
    expect(corsOf(refused.headers)).toEqual([]);
  });

  it('names the headers that the upstream exposes beside its own', async () => {
    const { headers } = await answerTo('GET /open?names', [`Origin: ${APP}`], {
      'access-control-expose-headers': 'X-Total, X-Page',
    });
    expect(headers['access-control-expose-headers']).toEqual([
      'x-request-id,retry-after,ratelimit,breakwater-fallback,breakwater-partial, X-Total, X-Page',
    ]);
  });
});

describe('an OPTIONS request that is not a preflight', () => {
  it('is forwarded, and its answer gets CORS headers', async () => {
    const { status, calls, headers } = await answerTo('OPTIONS /open', [`Origin: ${APP}`]);
    expect({ status, calls }).toEqual({ status: 200, calls: 1 });
    expect(headers['access-control-allow-origin']).toEqual([APP]);
  });
});

describe('CORS for every origin', () => {
  const open = gateway(`server: { cors: { origins: ["*"] } }\n${ONE_ROUTE}`)
    .withUpstream('users', recording().handler)
    .startOnce();

  it('allows every origin on a response, without credentials', async () => {
    const { headers } = await open.fetch('/1', { headers: { origin: 'https://anywhere.example' } });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('allows the usual methods in a preflight', async () => {
    const asking = { origin: 'https://anywhere.example', 'access-control-request-method': 'DELETE' };
    const response = await open.fetch('/1', { method: 'OPTIONS', headers: asking });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toContain('DELETE');
  });
});

describe('without `cors` in the configuration', () => {
  const PREFLIGHT = { origin: APP, 'access-control-request-method': 'PUT' };
  const THEIRS = {
    'access-control-allow-origin': APP,
    'access-control-allow-methods': 'PUT',
    vary: 'Origin',
  };
  let theirs: OutgoingHttpHeaders = {};
  const upstream = recording((_req, res) => void res.writeHead(200, theirs).end());
  const plain = gateway(ONE_ROUTE).withUpstream('users', upstream.handler).startOnce();

  it.each(['OPTIONS', 'GET'])('CORS headers of the upstream pass through: %s', async (method) => {
    theirs = THEIRS;
    upstream.clear();
    const { headers } = await plain.fetch('/1', { method, headers: PREFLIGHT });
    expect(Object.fromEntries(headers)).toMatchObject(THEIRS);
    expect(upstream.requests[0]?.headers).toMatchObject({ origin: APP });
  });

  it('the gateway adds no CORS headers', async () => {
    theirs = {};
    const { headers } = await plain.fetch('/1', { method: 'OPTIONS', headers: PREFLIGHT });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers.get('vary')).toBeNull();
  });
});

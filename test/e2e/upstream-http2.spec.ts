import type { RequestListener } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.js';
import { echo, gateway, listen } from '../support/gateway.js';
import { answersIn, collectBody, raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const authority = Authority.create();
const pair = authority.issue('IP:127.0.0.1');

interface Seen {
  readonly versions: string[];
  readonly server: Http2SecureServer;
  /** Streams that were reset or ended before their answer was complete. */
  aborted: number;
}

function over(url: string, more = '') {
  return gateway(`
upstreams: { users: { url: "\${USERS_URL}", http2: true, tls: { ca: "\${CA}" }, retry: { attempts: 0 }, ${more} } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withEnv({ USERS_URL: url.replace('http:', 'https:'), CA: authority.ca })
    .start();
}

async function start(handler: RequestListener, more = '') {
  // The compatibility API: the same listeners serve both versions.
  const server = createSecureServer({ ...pair, allowHTTP1: true }, (req, res) => {
    seen.versions.push(req.httpVersion);
    req.once('aborted', () => seen.aborted++);
    handler(req as never, res as never);
  });
  const seen: Seen = { versions: [], server, aborted: 0 };
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  const url = await listen(server);
  onTestFinished(() => sessions.forEach((session) => session.destroy()));
  return { gw: await over(url, more), seen };
}

describe('HTTP/2 to an upstream', () => {
  it('carries a GET with its headers', async () => {
    const { gw, seen } = await start(echo);
    const response = await gw.fetch('/1?a=b', { headers: { 'X-Custom': 'yes', cookie: 'a=1; b=2' } });
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { headers: Record<string, string> };
    expect(answer).toMatchObject({ method: 'GET', url: '/1?a=b' });
    expect(answer.headers).toMatchObject({
      'x-custom': 'yes',
      cookie: 'a=1; b=2',
      'x-forwarded-proto': 'http',
    });
    expect([...response.headers.keys()].filter((name) => name.startsWith(':'))).toEqual([]);
    expect(seen.versions).toEqual(['2.0']);
  });

  it.each([
    ['with a length', 'x'.repeat(100_000)],
    ['in chunks', new Blob(['y'.repeat(300_000)]).stream()],
  ])('leaves a POST %s to HTTP/1.1', async (_, body) => {
    const { gw, seen } = await start((req, res) => {
      void collectBody(req).then((received) => res.end(String(received.length)));
    });
    const response = await gw.fetch('/1', { method: 'POST', body, duplex: 'half' });
    expect([response.status, await response.text()]).toEqual([
      200,
      typeof body === 'string' ? '100000' : '300000',
    ]);
    expect(seen.versions).toEqual(['1.1']);
  });

  it('carries many requests at a time over one connection', async () => {
    const { gw, seen } = await start((req, res) => void setImmediate(() => res.end(req.url)));
    let sessions = 0;
    seen.server.on('session', () => sessions++);
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
    await gw.fetch('/first');
    const answers = await Promise.all(paths.map(async (path) => (await gw.fetch(path)).text()));
    expect(answers).toEqual(paths);
    expect(sessions).toBeLessThan(10);
  });

  it('keeps deadlines', async () => {
    const { gw, seen } = await start(
      (req, res) => void (req.url === '/fine' && res.end('fine')),
      'timeout: 200ms',
    );
    const response = await gw.fetch('/1');
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'upstream_timeout' });
    await until('the stream is reset', () => seen.aborted);
    expect(await (await gw.fetch('/fine')).text()).toBe('fine');
  });

  it('takes the request along when the client leaves', async () => {
    const { gw, seen } = await start((_req, res) => void res.write('half'));
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('GET /1'));
    await client.until('half');
    client.socket.destroy();
    await until('the stream is reset', () => seen.aborted);
    const gone = 'breakwater_upstream_requests_total{upstream="users",outcome="client_gone"}';
    await until('the call is counted', () => gw.metric(gone));
  });

  it.each([
    [
      'before its answer',
      502,
      (_req: unknown, res: { stream?: { close(code: number): void } }) => res.stream?.close(2),
    ],
  ])('that is reset %s is a 502', async (_, status, handler) => {
    const { gw } = await start(handler as never);
    expect((await gw.fetch('/1')).status).toBe(status);
  });

  it('that is reset in a body cuts the answer', async () => {
    const { gw } = await start((_req, res) => {
      res.write('half', () => (res as never as { stream: { close(code: number): void } }).stream.close(2));
    });
    await expect(gw.fetch('/1').then((response) => response.text())).rejects.toThrow('terminated');
  });

  it('moves a large answer whole', async () => {
    const { gw } = await start((_req, res) => void res.end(Buffer.alloc(5_000_000, 'z')));
    expect((await (await gw.fetch('/1')).arrayBuffer()).byteLength).toBe(5_000_000);
  });

  it('is HTTP/1.1 where the upstream offers no more', async () => {
    const users = recording();
    const url = await listen(createTlsServer(pair, users.handler));
    const gw = await over(url);
    expect((await gw.fetch('/1')).status).toBe(200);
    expect(users.requests[0]?.httpVersion).toBe('1.1');
  });

  it('joins cookies that came in several lines as cookies', async () => {
    const { gw } = await start(echo);
    const lines = requestHead(
      'GET /1',
      'Cookie: a=1',
      'cookie: b=2',
      'Accept: x',
      'accept: y',
      'Connection: close',
    );
    const [answer] = answersIn(await raw(gw.url, lines));
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ headers: { cookie: 'a=1; b=2', accept: 'x, y' } });
  });

  it('passes trailers on, but for those that belong in a head', async () => {
    const { gw } = await start((_req, res) => {
      res.addTrailers({ 'grpc-status': '0', 'set-cookie': 'a=b', 'x-user-id': 'root' });
      res.end('hello');
    });
    const text = await raw(gw.url, requestHead('GET /1', 'Connection: close'));
    expect(text.toLowerCase().endsWith('\r\n5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n')).toBe(true);
  });

  it('keeps interim answers to itself, an unasked 100 Continue too', async () => {
    const { gw } = await start((_req, res) => {
      const { stream } = res as never as { stream: ServerHttp2Stream };
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      stream.additionalHeaders({ ':status': 100 });
      res.end('hello');
    });
    const received = await raw(gw.url, requestHead('GET /1', 'Connection: close'));
    expect(answersIn(received)).toMatchObject([{ status: 200, body: 'hello' }]);
    expect(received).not.toContain('preload');
  });

  it('is spoken by probes too, for a target may speak nothing else', async () => {
    const health =
      'health: { path: /health?deep, failures: 1, interval: 50ms, timeout: 5s, statuses: [204] }';
    const { gw, seen } = await start((_req, res) => void res.writeHead(204).end(), health);
    await until('there were probes', () => seen.versions.length >= 2);
    expect(seen.versions).not.toContain('1.1');
    const picture = (await (await gw.fetch('/health')).json()) as { status: string };
    expect(picture.status).toBe('ok');
  });
});

import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { listen } from '../support/gateway.js';
import { raw } from '../support/http.js';
import {
  type GatewayProcess,
  type KeepUntil,
  keepUntilEnd,
  type LogLine,
  spawnGateway,
  temporaryFile,
} from '../support/process.js';
import { bearer, SECRET, token } from '../support/tokens.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

function yamlOf(url: string, accessLog = '{ enabled: true }'): string {
  return `
server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s } }
management: { port: 0 }
accessLog: ${accessLog}
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams:
  users: { url: "${url}", retry: { attempts: 0 } }
  down: { url: "http://127.0.0.1:1", retry: { attempts: 2, backoff: { base: 1ms } } }
routes:
  - { id: users, match: { path: /users/** }, upstream: users, cache: { ttl: 1m } }
  - { id: open, match: { path: /open/** }, upstream: users, auth: none }
  - { id: down, match: { path: /down }, upstream: down, auth: none }
`;
}

/** @returns the address of an upstream that answers with the status that the path ends with, or else with 200 */
function upstream(keepUntil?: KeepUntil): Promise<string> {
  return listen(
    createServer((req, res) => {
      res.statusCode = Number(/(\d{3})$/.exec(req.url ?? '')?.[1] ?? 200);
      res.setHeader('Set-Cookie', 'session=upstream-cookie');
      if (req.url?.startsWith('/users')) res.removeHeader('Set-Cookie');
      req.resume().on('end', () => res.end('hello'));
    }),
    keepUntil,
  );
}

function requestLine({ process }: GatewayProcess, requestPath: string): Promise<LogLine> {
  return process.json(({ msg, path }) => msg === 'request' && path === requestPath);
}

describe('the access log', { timeout: 60_000 }, () => {
  const keep = keepUntilEnd();
  let target: string;
  let gw: GatewayProcess;
  beforeAll(async () => {
    target = await upstream(keep);
    gw = await spawnGateway(yamlOf(target, '{ enabled: true, query: true }'), {}, keep);
  }, 60_000);

  it('has one line for each request with its status and outcome', async () => {
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(gw.url + path, { headers }).then((response) => response.text());

    const user = { ...bearer({ sub: 'alice' }), traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
    await get('/users/1', user);
    const forwarded = await requestLine(gw, '/users/1');
    expect(forwarded).toMatchObject({
      level: 'info',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      traceId: TRACE,
      client: '127.0.0.1',
      user: expect.stringMatching(/^[0-9a-f]{16}$/),
      method: 'GET',
      route: 'users',
      status: 200,
      outcome: 'success',
      cache: 'forward',
      upstream: 'users',
      target,
      tries: 1,
      breaker: 'closed',
    });
    const { durationMs, upstreamMs, ownMs } = forwarded as Record<string, unknown> as Record<string, number>;
    expect(upstreamMs).toBeGreaterThan(0);
    expect((upstreamMs ?? 0) + (ownMs ?? 0)).toBeCloseTo(durationMs ?? 0, 2);

    await get('/users/1?again', user);
    await get('/users/1', user);
    const hit = await gw.process.json(({ msg, cache }) => msg === 'request' && cache === 'hit');
    expect(hit).toMatchObject({
      path: '/users/1',
      user: forwarded.user,
      status: 200,
      tries: 0,
      upstreamMs: 0,
    });
    expect(hit).not.toHaveProperty('upstream');

    await get('/users/2');
    expect(await requestLine(gw, '/users/2')).toMatchObject({
      status: 401,
      outcome: 'rejected',
      cause: 'token_missing',
      tries: 0,
    });
    await get('/elsewhere');
    expect(await requestLine(gw, '/elsewhere')).toMatchObject({ status: 404, outcome: 'rejected' });
  });

  it('counts the bytes of a request and of its response', async () => {
    const first = 'GET /open/first HTTP/1.1\r\nHost: a\r\n\r\n';
    const second =
      'POST /open/second HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nConnection: close\r\n\r\n1234567';
    const received = await raw(gw.url, first, second);
    const [one, two] = [await requestLine(gw, '/open/first'), await requestLine(gw, '/open/second')];
    expect(Number(one.bytesIn) + Number(two.bytesIn)).toBe(first.length + second.length);
    expect(Number(one.bytesOut) + Number(two.bytesOut)).toBe(received.length);
    expect(one.bytesOut).toBe(received.indexOf('HTTP/1.1', 1));
  });

  it('truncates long paths and queries, so that lines of several workers do not mix in one pipe', async () => {
    const long = 'a'.repeat(5000);
    await fetch(`${gw.url}/open/long/${long}?page=${long}`);
    const line = await gw.process.json(({ path }) => String(path).startsWith('/open/long/'));
    expect(line).toMatchObject({ path: `/open/long/${long}`.slice(0, 1500) + '...', status: 200 });
    expect(JSON.stringify(line).length).toBeLessThan(4096);
  });

  it('has the number of tries, and the cause of a failure at level warn', async () => {
    await fetch(`${gw.url}/down`);
    expect(await requestLine(gw, '/down')).toMatchObject({
      level: 'warn',
      status: 502,
      outcome: 'connect_failed',
      tries: 3,
      cause: 'ECONNREFUSED 127.0.0.1:1',
    });
  });

  it('logs only the configured sample and statuses, but every failure', async () => {
    const sampled = await spawnGateway(yamlOf(target, '{ enabled: true, sample: 0% }'));
    const filtered = await spawnGateway(yamlOf(target, '{ enabled: true, statuses: [400-499] }'));
    const off = await spawnGateway(yamlOf(target, '{ enabled: false }'));
    for (const gw of [sampled, filtered, off]) {
      for (const path of ['/open/200', '/open/404', '/open/500']) await fetch(gw.url + path);
      gw.process.kill('SIGTERM');
      await gw.process.exited;
    }
    const paths = ({ process }: GatewayProcess) =>
      process.lines
        .filter((line) => line.includes('"request"'))
        .map((line) => (JSON.parse(line) as LogLine).path);
    expect(paths(sampled)).toEqual(['/open/500']);
    expect(paths(filtered)).toEqual(['/open/404', '/open/500']);
    expect(paths(off)).toEqual(['/open/500']);
  });

  it('contains no tokens, cookies or keys, and clients cannot forge lines', async () => {
    const secrets = [
      'cookie-secret',
      'query-secret',
      'upstream-cookie',
      token({ sub: 'alice' }).split('.')[2] ?? '',
    ];
    const headers = { ...bearer({ sub: 'alice' }), cookie: 'session=cookie-secret' };
    await fetch(`${gw.url}/open/query?page=2&access_token=query-secret`, { headers });
    expect(await requestLine(gw, '/open/query')).toMatchObject({ query: '?page=2&access_token=***' });
    for (const path of [
      '/open/%0a%7b"msg":"forged"%7d',
      '/open/%0d%0aforged',
      '/open/%1b[2Jforged',
      '/open/%c2%9b2J',
    ]) {
      await raw(
        gw.url,
        `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: a\x1bforged\r\nConnection: close\r\n\r\n`,
      );
    }
    await fetch(`${gw.url}/open/last`);
    await requestLine(gw, '/open/last');
    for (const line of gw.process.lines) {
      expect(() => JSON.parse(line) as unknown).not.toThrow();
      expect(line).not.toMatch(/\p{Cc}/u);
      for (const secret of secrets) expect(line).not.toContain(secret);
    }
  });

  it('does not delay requests when nobody reads it', async () => {
    const file = await temporaryFile('gateway.yaml', yamlOf(target));
    const child = spawn(process.execPath, ['dist/cli.js', 'start', '-c', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [head] = (await once(child.stdout, 'data')) as [Buffer];
    child.stdout.pause();
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
    const { url } = JSON.parse(head.toString().trim().split('\n').at(-1) ?? '') as { url: string };
    // More than a pipe holds.
    for (let i = 0; i < 400; i++) expect((await fetch(`${url}/open/${i}a`)).status).toBe(200);
  });
});

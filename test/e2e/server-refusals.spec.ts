import { createServer } from 'node:http';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { type GatewayProcess, keepUntilEnd, spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';

const keep = keepUntilEnd();
let gw: GatewayProcess;

beforeAll(async () => {
  const users = createServer((req) => void req.resume());
  gw = await spawnGateway(
    `
server: { host: '::', port: 0, headersTimeout: 300ms, requestTimeout: 600ms, maxHeaderBytes: 1KiB }
management: { port: 0 }
upstreams: { users: { url: "${await listen(users, keep)}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`,
    {},
    keep,
  );
});

const refused = (labels: Record<string, string>) =>
  metric(gw.managementUrl, 'breakwater_requests_total', { outcome: 'rejected', ...labels });
const lines = () =>
  gw.process.lines
    .filter((line) => line.includes('request refused'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const post = (...fields: string[]) => requestHead('POST /1', ...fields);

describe('a request that the HTTP server rejects', () => {
  it.each([
    ['a blank before a colon', 400, 'none', requestHead('GET /', 'X-A : b'), 'HPE_INVALID_HEADER_TOKEN'],
    [
      'a control character',
      400,
      'none',
      requestHead('GET /', 'X-A: b\x07secret'),
      'HPE_INVALID_HEADER_TOKEN',
    ],
    ['TLS', 400, 'none', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'HPE_INVALID_METHOD'],
    [
      'too large a head',
      431,
      'none',
      requestHead('GET /', `X-A: ${'b'.repeat(2_000)}`),
      'HPE_HEADER_OVERFLOW',
    ],
    ['too slow a head', 408, 'none', 'GET / HTTP/1.1\r\nX-Half', 'ERR_HTTP_REQUEST_TIMEOUT'],
    ['CONNECT', 405, 'none', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n', 'CONNECT'],
    ['a bad chunk', 400, 'users', `${post('Transfer-Encoding: chunked')}x\r\n`, 'HPE_INVALID_CHUNK_SIZE'],
    ['too slow a body', 408, 'users', `${post('Content-Length: 9')}half`, 'requestTimeout'],
  ])('is counted and logged with its status and cause: %s', async (_, status, route, bytes, cause) => {
    const before = await refused({ status: String(status), route });
    const logged = lines().length;
    const [answer, ...others] = answersIn(await raw(gw.url, bytes));
    expect([answer?.status, others]).toEqual([status, []]);
    expect(await refused({ status: String(status), route })).toBe(before + 1);
    const requestId = answer?.headers['x-request-id']?.[0];
    await until('it is logged', () => lines().length > logged);
    expect(lines().slice(logged)).toMatchObject([
      { level: 'info', status, cause: expect.stringContaining(cause), client: '127.0.0.1', requestId },
    ]);
    expect(JSON.stringify(lines())).not.toContain('secret');
  });

  it('is not counted when a client disconnects during its upload', async () => {
    const before = await refused({});
    const gone = () =>
      metric(gw.managementUrl, 'breakwater_requests_total', { outcome: 'client_gone', status: '499' });
    const { hostname, port } = new URL(gw.url);
    connect(Number(port), hostname).end(`${post('Content-Length: 9')}half`);
    await until('it is counted', gone);
    expect(await refused({})).toBe(before);
  });

  it('does not flood the log', async () => {
    const logged = lines().length;
    const before = await refused({ status: '400', route: 'none' });
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 60 }, () => raw(gw.url, 'garbage\r\n\r\n')));
    expect(await refused({ status: '400', route: 'none' })).toBe(before + 60);
    // Ten for each second that has begun meanwhile.
    const seconds = Math.ceil((performance.now() - startedAt) / 1000) + 1;
    expect(lines().length - logged).toBeLessThanOrEqual(10 * seconds);
  });
});

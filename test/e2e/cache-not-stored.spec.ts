import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { RawConnection } from '../support/raw-connection.js';
import { rawUpstream, thenClose } from '../support/raw-upstream.js';
import { raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const BODILESS = new Set([204, 304]);
const YAML = `
cache: { maxEntryBytes: 100KiB }
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 } } }
routes: [{ id: users, match: { path: /** }, upstream: users, cache: {} }]
`;

/** @returns how many upstream calls two consecutive requests caused */
async function callsFor(
  status: number,
  headers: OutgoingHttpHeaders,
  init: RequestInit = {},
): Promise<number> {
  const users = recording(
    (_req, res) => void res.writeHead(status, headers).end(BODILESS.has(status) ? '' : 'hello'),
  );
  const gw = await gateway(YAML).withUpstream('users', users.handler).start();
  for (let i = 0; i < 2; i++) {
    const response = await gw.fetch('/1', { redirect: 'manual', ...init });
    await response.arrayBuffer();
    expect(response.status).toBe(status);
    expect(response.headers.get('cache-status')).not.toContain('hit');
  }
  return users.requests.length;
}

describe('a response is not stored', () => {
  it.each([
    'no-store',
    'NO-STORE',
    'max-age=60, no-store',
    'private',
    'no-cache',
    'max-age=0',
    's-maxage=0, max-age=60',
    'max-age=soon',
    'max-age=-1',
  ])('when the upstream says %s', async (directive) => {
    expect(await callsFor(200, { 'cache-control': directive })).toBe(2);
  });

  it.each([
    ['sets a cookie', { 'set-cookie': 'session=1', 'cache-control': 'max-age=60' }],
    ['varies with everything', { vary: '*' }],
    ['was over before it came', { expires: 'Mon, 01 Jan 2024 00:00:00 GMT' }],
    ['has an end that is no date', { expires: '0' }],
    ['has been fresh for too long elsewhere', { 'cache-control': 'max-age=60', age: '60' }],
  ])('when it %s', async (_, headers) => {
    expect(await callsFor(200, headers)).toBe(2);
  });

  it.each([201, 206, 302, 400, 401, 403, 404, 500, 503])('when its status is %i', async (status) => {
    expect(await callsFor(status, {})).toBe(2);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('to %s', async (method) => {
    expect(await callsFor(200, {}, { method })).toBe(2);
  });

  it('when it was truncated', async () => {
    const users = rawUpstream(
      thenClose('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
    );
    const gw = await gateway(YAML).withUpstream('users', users.server).start();
    for (let i = 0; i < 2; i++) await raw(gw.url, requestHead('GET /1', 'Connection: close'));
    expect(users.connections).toBe(2);
  });

  it('when its client left before its end', async () => {
    const users = recording((_req, res) => {
      res.write('first half');
      if (users.requests.length > 1) res.end(', second half');
    });
    const gw = await gateway(YAML).withUpstream('users', users.handler).start();
    const client = (await RawConnection.to(gw.url)).send(requestHead('GET /1'));
    await client.until('first half');
    client.socket.destroy();
    await until('the upstream is told', () => users.requests[0]?.socket.destroyed);
    expect(await (await gw.fetch('/1')).text()).toBe('first half, second half');
  });

  it('when the gateway generated it', async () => {
    const users = recording((req) => void req.socket.destroy());
    const gw = await gateway(YAML).withUpstream('users', users.handler).start();
    const answers = [await gw.fetch('/1'), await gw.fetch('/1')];
    expect(answers.map(({ status }) => status)).toEqual([502, 502]);
    expect(users.requests).toHaveLength(2);
  });
});

describe('a response', () => {
  it.each([
    ['is stored when it has maxEntryBytes', 100 * 1024, 1],
    ['is streamed and not stored when it has one byte more', 100 * 1024 + 1, 2],
  ])('%s', async (_, bytes, calls) => {
    const users = recording((_req, res) => void res.end('x'.repeat(bytes)));
    const gw = await gateway(YAML).withUpstream('users', users.handler).start();
    for (let i = 0; i < 2; i++) expect((await (await gw.fetch('/1')).text()).length).toBe(bytes);
    expect(users.requests).toHaveLength(calls);
  });
});

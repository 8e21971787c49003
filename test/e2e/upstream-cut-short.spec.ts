import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { type RawAnswer, rawUpstream, thenClose } from '../support/raw-upstream.js';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

const ANSWERS: Record<string, RawAnswer> = {
  'fewer bytes than it announced': thenClose('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'),
  'a chunked body without its end': thenClose(`${CHUNKED}5\r\nhello\r\n`),
  'half a chunk': thenClose(`${CHUNKED}a\r\nhello`),
  'a last chunk without its final line': thenClose(`${CHUNKED}5\r\nhello\r\n0\r\n`),
  'a broken chunk size': `${CHUNKED}5\r\nhello\r\nxyz\r\n`,
  'a reset in the middle': (socket) =>
    socket.write(`${CHUNKED}5\r\nhello\r\n`, () => socket.resetAndDestroy()),
  'a reset in place of the end of the connection': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\n\r\nhello', () => socket.resetAndDestroy()),
};

describe('a truncated response body', () => {
  it.each(Object.entries(ANSWERS))('never ends cleanly for the client: %s', async (_, answer) => {
    const users = rawUpstream(answer);
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    const received = await raw(gw.url, requestHead('GET /1'));
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(received).toContain('hello');
    expect(received).not.toMatch(/\r\n0\r\n/);
  });

  it('ends with a reset for an HTTP/1.0 client, since a close means a complete body', async () => {
    const users = rawUpstream(thenClose(`${CHUNKED}5\r\nhello\r\n`));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    const client = await RawConnection.to(gw.url);
    client.send('GET /1 HTTP/1.0\r\nHost: gateway.test\r\n\r\n');
    expect(await client.ended()).toBe('reset');
  });

  it('counts as a failure of the upstream', async () => {
    const users = rawUpstream(thenClose(`${CHUNKED}5\r\nhello\r\n`));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    await raw(gw.url, requestHead('GET /1'));
    const series = 'breakwater_upstream_requests_total{upstream="users",outcome="died_mid_body"}';
    expect(await gw.metric(series)).toBe(1);
  });
});

describe('a stalled response body', () => {
  it('is aborted after `bodyTimeout`', async () => {
    const users = rawUpstream(`${CHUNKED}5\r\nhello\r\n`);
    const gw = await gateway(ONE_ROUTE.replace('url:', 'bodyTimeout: 200ms, url:'))
      .withUpstream('users', users.server)
      .start();
    const received = await raw(gw.url, requestHead('GET /1'));
    expect(received).toContain('hello');
    expect(received).not.toMatch(/\r\n0\r\n/);
  });
});

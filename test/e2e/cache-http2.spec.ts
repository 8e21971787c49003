import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { gateway, listen } from '../support/gateway.js';
import { type RawStream, rawHttp2 } from '../support/raw-http2.js';

const authority = Authority.create();
const pair = authority.issue('IP:127.0.0.1');
const FRESH = ['cache-control', 'max-age=60'];
const [NO_ERROR, INTERNAL_ERROR, CANCEL] = [0, 2, 8];

/** @returns what two requests, one after the other, were answered, and how often the upstream was asked */
async function twice(answer: (stream: RawStream) => void) {
  let calls = 0;
  const server = rawHttp2(pair, (stream) => {
    calls++;
    answer(stream);
  });
  const url = (await listen(server)).replace('http:', 'https:');
  const gw = await gateway(`
    upstreams: { users: { url: "\${USERS_URL}", http2: true, tls: { ca: "\${CA}" }, retry: { attempts: 0 } } }
    routes: [{ id: users, match: { path: /** }, upstream: users, cache: {} }]
  `)
    .withEnv({ USERS_URL: url, CA: authority.ca })
    .start();
  const get = () => gw.fetch('/1').then((response) => response.text());
  return { bodies: [await get().catch(() => 'cut'), await get().catch(() => 'cut')], calls };
}

describe('an answer over HTTP/2', () => {
  it('is kept when its length was announced', async () => {
    const { bodies, calls } = await twice((stream) =>
      stream.head(...FRESH, 'content-length', '5').data('hello', 'end'),
    );
    expect([bodies, calls]).toEqual([['hello', 'hello'], 1]);
  });

  it('is kept without a length when its stream was ended', async () => {
    const { bodies, calls } = await twice((stream) => stream.head(...FRESH).data('hello', 'end'));
    expect([bodies, calls]).toEqual([['hello', 'hello'], 1]);
  });

  it('is never kept without a length when its connection ended first', async () => {
    const { bodies, calls } = await twice((stream) => {
      stream.head(...FRESH).data('hel');
      stream.closeConnection();
    });
    expect([bodies, calls]).toEqual([['cut', 'cut'], 2]);
  });

  it.each([NO_ERROR, INTERNAL_ERROR, CANCEL])('is never kept when it was reset with %i', async (code) => {
    const without = await twice((stream) =>
      stream
        .head(...FRESH)
        .data('hel')
        .reset(code),
    );
    expect(without.calls).toBe(2);
    const { bodies, calls } = await twice((stream) =>
      stream
        .head(...FRESH, 'content-length', '5')
        .data('hel')
        .reset(code),
    );
    expect([bodies, calls]).toEqual([['cut', 'cut'], 2]);
  });
});

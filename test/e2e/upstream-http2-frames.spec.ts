import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Pool } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/common/clock.js';
import { UpstreamProxy } from '../../src/modules/upstream/upstream-proxy.js';
import { Authority } from '../support/certificates.js';
import { configOf, gateway, listen } from '../support/gateway.js';
import { RawConnection } from '../support/raw-connection.js';
import { requestHead } from '../support/http.js';
import { rawHttp2, type RawStream } from '../support/raw-http2.js';
import { until } from '../support/until.js';

const authority = Authority.create();
const pair = authority.issue('IP:127.0.0.1');
const NO_ERROR = 0;
const CANCEL = 8;
const HALF = 'half of it';

async function upstream(answer: (stream: RawStream) => void): Promise<string> {
  return (await listen(rawHttp2(pair, answer))).replace('http:', 'https:');
}

const YAML = `
upstreams: { users: { url: "\${USERS_URL}", http2: true, tls: { ca: "\${CA}" }, retry: { attempts: 0 } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

async function start(answer: (stream: RawStream) => void) {
  return gateway(YAML)
    .withEnv({ USERS_URL: await upstream(answer), CA: authority.ca })
    .start();
}

function outcome(name: string): string {
  return `breakwater_upstream_requests_total{upstream="users",outcome="${name}"}`;
}

/** Half an answer, and once it is with the client, the reset. */
function cut(code: number) {
  let reset = () => undefined as void;
  const answer = (stream: RawStream) => {
    stream.head().data(HALF);
    reset = () => void stream.reset(code);
  };
  return { answer, reset: () => reset() };
}

describe('an HTTP/2 answer whose stream is reset in the middle', () => {
  it.each([
    ['NO_ERROR', NO_ERROR],
    ['CANCEL', CANCEL],
    ['INTERNAL_ERROR', 2],
  ])('never ends cleanly for the client: %s', async (_, code) => {
    const { answer, reset } = cut(code);
    const gw = await start(answer);
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('GET /1'));
    await client.until(HALF);
    reset();
    await client.ended();
    expect(client.received).not.toMatch(/\r\n0\r\n/);
    await until('it is the failure of the upstream', () => gw.metric(outcome('died_mid_body')));
    expect(await gw.metric(outcome('success'))).toBe(0);
  });

  it.each([NO_ERROR, CANCEL])('before its head is a 502: code %i', async (code) => {
    const gw = await start((stream) => stream.reset(code));
    const response = await gw.fetch('/1');
    expect([response.status, await response.json()]).toMatchObject([502, { code: 'upstream_reset' }]);
  });
});

describe('an HTTP/2 answer whose last frame has come', () => {
  it.each([NO_ERROR, CANCEL])('is whole, whatever comes after it: code %i', async (code) => {
    const gw = await start((stream) => stream.head().data('all ').data('of it', 'end').reset(code));
    expect(await (await gw.fetch('/1')).text()).toBe('all of it');
    expect(await gw.metric(outcome('success'))).toBe(1);
  });
});

describe('an HTTP/2 answer that is read late, when its stream is closed', () => {
  // More than the gateway asks for unread, and less than the window of the stream.
  const part = 'x'.repeat(15_000);

  async function readLate(last: 'end' | 'more') {
    const url = await upstream((stream) => {
      stream.head();
      for (let i = 0; i < 10; i++) stream.data(part);
      stream.data('last', last).reset(NO_ERROR);
    });
    const config = configOf(YAML, { USERS_URL: url, CA: authority.ca }).upstreams['users']!;
    const users = new UpstreamProxy('users', config, systemClock);
    onTestFinished(() => users.close());
    let closed = false;
    const onClose = () => void (closed = true);
    subscribe('http2.client.stream.close', onClose);
    onTestFinished(() => void unsubscribe('http2.client.stream.close', onClose));
    const response = await users.get('/1');
    await until('the stream is closed', () => closed);
    return response.text();
  }

  it('is whole after its last frame', async () => {
    expect((await readLate('end')).length).toBe(10 * part.length + 'last'.length);
  });

  it('is cut without one', async () => {
    await expect(readLate('more')).rejects.toMatchObject({ outcome: 'died_mid_body' });
  });
});

describe('an HTTP/2 answer with a field that HTTP/2 does not have', () => {
  it.each([
    ['connection', 'x-mine'],
    ['transfer-encoding', 'chunked'],
    ['keep-alive', 'timeout=5'],
    ['upgrade', 'h2c'],
    ['X-Upper', 'a'],
  ])('is a 502: %s', async (name, value) => {
    const gw = await start((stream) => stream.head(name, value).data('all of it', 'end'));
    expect((await gw.fetch('/1')).status).toBe(502);
    expect(await gw.metric(outcome('success'))).toBe(0);
  });

  it('is fine without one', async () => {
    const gw = await start((stream) => stream.head('x-mine', 'a').data('all of it', 'end'));
    const response = await gw.fetch('/1');
    expect([response.status, response.headers.get('x-mine')]).toEqual([200, 'a']);
  });
});

describe('undici', () => {
  it('still takes a stream that was reset for a complete one; without this fault, cut-streams.ts can go', async () => {
    const { answer, reset } = cut(CANCEL);
    const pool = new Pool(await upstream(answer), { connect: { ca: authority.ca, preferH2: true } });
    onTestFinished(() => pool.destroy());
    const { body } = await pool.request({ path: '/', method: 'GET' });
    const [first] = (await once(body, 'data')) as [Buffer];
    reset();
    await once(body, 'end');
    expect(String(first)).toBe(HALF);
  });
});

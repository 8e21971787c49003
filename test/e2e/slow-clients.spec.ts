import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const SLOW_HEADS = `server: { headersTimeout: 300ms }\n${ONE_ROUTE}`;
const SLOW_BODIES = `server: { headersTimeout: 300ms, requestTimeout: 600ms }\n${ONE_ROUTE}`;

async function start(yaml = SLOW_HEADS) {
  const users = recording((req) => void req.resume());
  return { users, gw: await gateway(yaml).withUpstream('users', users.handler).start() };
}

describe('a client that is too slow', () => {
  it.each([
    ['sends half a head', 'GET / HTTP/1.1\r\nHost: gateway.test\r\nX-Half'],
    ['sends a first line only', 'GET / HTTP/1.1\r\n'],
  ])('gets a 408 and is disconnected when it %s', async (_, bytes) => {
    const { gw, users } = await start();
    const client = (await RawConnection.to(gw.url)).send(bytes);
    await client.ended(8_000);
    const [answer, ...others] = answersIn(client.received);
    expect(answer).toMatchObject({ status: 408, headers: { connection: ['close'] } });
    expect(JSON.parse(answer!.body)).toMatchObject({ code: 'request_timeout' });
    expect(others).toEqual([]);
    expect(users.requests).toHaveLength(0);
  });

  it('gets a 408 although it keeps sending headers slowly', async () => {
    const { gw } = await start();
    const client = (await RawConnection.to(gw.url)).send('GET / HTTP/1.1\r\n');
    const dripping = setInterval(() => client.socket.writable && client.send('X-Drip: a\r\n'), 50);
    client.socket.once('close', () => clearInterval(dripping));
    await client.ended(8_000);
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('is disconnected without a response when it sends nothing', async () => {
    const { gw } = await start();
    const client = await RawConnection.to(gw.url);
    expect(await client.ended(8_000)).toBe('closed');
    expect(client.received).toBe('');
  });

  it('gets a 408 when its body stalls, and the upstream sees no complete request', async () => {
    const { gw, users } = await start(SLOW_BODIES);
    const client = (await RawConnection.to(gw.url)).send(
      `${requestHead('POST /', 'Content-Length: 100')}half`,
    );
    await until('the request is with the upstream', () => users.requests.length);
    await client.ended(8_000);
    expect(answersIn(client.received)).toMatchObject([{ status: 408, headers: { connection: ['close'] } }]);
    await until('the connection to the upstream is cut', () => users.requests[0]?.destroyed);
    expect(users.requests[0]?.complete).toBe(false);
  });

  it('does not delay other clients', async () => {
    const users = recording((_req, res) => void res.end('hello'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const slow = await Promise.all(Array.from({ length: 50 }, () => RawConnection.to(gw.url)));
    for (const each of slow) each.send('GET / HTTP/1.1\r\n');
    expect((await gw.fetch('/')).status).toBe(200);
    expect((await gw.fetch('/health')).status).toBe(200);
  });
});

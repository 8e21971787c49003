import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

/** @returns a client and the open response once the upstream has the request */
async function start(headers: Record<string, string>) {
  let answer: ServerResponse | undefined;
  const gw = await gateway(ONE_ROUTE)
    .withUpstream('users', (_req, res) => void (answer = res.writeHead(200, headers)))
    .start();
  const client = await RawConnection.to(gw.url);
  client.send(requestHead('GET /events', 'Connection: close'));
  await until('the upstream has the request', () => answer);
  return { client, answer: answer! };
}

describe('a response body', () => {
  it.each([
    ['events', { 'content-type': 'text/event-stream' }],
    ['a body of known length', { 'content-length': '30' }],
  ])('reaches the client piece by piece: %s', async (_, headers) => {
    const { client, answer } = await start(headers);
    for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      answer.write(event);
      await client.until(event);
    }
    answer.end('end');
    await client.ended();
    expect(client.received).toContain('end');
  });

  it('follows a response head that reaches the client at once', async () => {
    const { client, answer } = await start({ 'content-type': 'text/event-stream' });
    answer.flushHeaders();
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    answer.end();
    await client.ended();
  });
});

describe('a request body', () => {
  it.each([
    ['with a length', 'Content-Length: 10', ['hello', 'world']],
    ['in chunks', 'Transfer-Encoding: chunked', ['5\r\nhello\r\n', '5\r\nworld\r\n0\r\n\r\n']],
  ])('reaches the upstream piece by piece, %s', async (_, field, [first, second]) => {
    let streamed = '';
    const users = recording((req, res) => {
      req.on('data', (chunk: Buffer) => (streamed += chunk.toString())).on('end', () => res.end('stored'));
    });
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('POST /', field, 'Connection: close') + first!);
    await until('the first half is with the upstream', () => streamed === 'hello');
    client.send(second!);
    await once(client.socket, 'close');
    expect(streamed).toBe('helloworld');
    expect(client.received).toContain('stored');
  });
});

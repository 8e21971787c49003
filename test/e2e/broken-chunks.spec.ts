import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const CHUNKS: Record<string, string> = {
  'a hexadecimal prefix': '0x5\r\nhello\r\n',
  'a size with an underscore': '5_\r\nhello\r\n',
  'a negative size': '-5\r\nhello\r\n',
  'a size with a plus': '+5\r\nhello\r\n',
  'a size of 17 digits': '10000000000000005\r\nhello\r\n',
  'no size': '\r\nhello\r\n',
  'a bare LF after the size': '5\nhello\r\n',
  'a bare LF after the data': '5\r\nhello\n',
  'more data than the size': '5\r\nhello world\r\n',
  'a blank before the size': ' 5\r\nhello\r\n',
  'an extension of 20 KB': `5;${'x'.repeat(20_000)}\r\nhello\r\n`,
  'a thousand extensions of 200 bytes': `1;${'x'.repeat(200)}\r\nh\r\n`.repeat(1_000),
};

describe('a malformed chunk in a body that is already forwarded', () => {
  let streamed = '';
  const users = recording((req) => void req.on('data', (data: Buffer) => (streamed += data.toString())));
  const gw = gateway(ONE_ROUTE).withUpstream('users', users.handler).startOnce();

  it.each(Object.entries(CHUNKS))(
    'is rejected, and the upstream sees no complete request: %s',
    async (_, chunk) => {
      streamed = '';
      users.clear();
      const client = await RawConnection.to(gw.url);
      client.send(`${requestHead('POST /users', 'Transfer-Encoding: chunked')}5\r\nfirst\r\n`);
      await until('the upstream has the first chunk', () => streamed === 'first');

      client.send(`${chunk}0\r\n\r\n`);
      await client.ended(3_000);
      expect(answersIn(client.received)).toMatchObject([{ headers: { connection: ['close'] } }]);
      expect([400, 413]).toContain(answersIn(client.received)[0]?.status);
      await until('the connection to the upstream is cut', () => users.requests[0]?.destroyed);
      expect(users.requests[0]?.complete).toBe(false);
    },
  );
});

it('forwards a body in chunks of one byte', async () => {
  let streamed = 0;
  const users = recording((req, res) => {
    req.on('data', (data: Buffer) => (streamed += data.length)).once('end', () => res.end('thanks'));
  });
  const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
  const client = await RawConnection.to(gw.url);
  client.send(
    `${requestHead('POST /users', 'Transfer-Encoding: chunked')}${'1\r\na\r\n'.repeat(50_000)}0\r\n\r\n`,
  );
  await client.until('thanks');
  expect(streamed).toBe(50_000);
});

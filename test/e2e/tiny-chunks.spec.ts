import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';

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

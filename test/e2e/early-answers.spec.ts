import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { answersIn, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';

describe('an upstream that responds before it read the upload', () => {
  it.each([
    ['half of it', 'half'],
    ['all of it', 'x'.repeat(1_000_000)],
  ])('has its response delivered when the client sent %s', async (_, sent) => {
    const users = recording((_req, res) => void res.writeHead(403).end('no more, please'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('PUT /1', 'Content-Length: 1000000', 'Connection: close') + sent);
    await client.until('no more, please');
    await client.ended();
    expect(answersIn(client.received)).toMatchObject([{ status: 403, body: 'no more, please' }]);
    expect(await gw.metric('breakwater_upstream_requests_total{upstream="users",outcome="success"}')).toBe(1);
  });
});

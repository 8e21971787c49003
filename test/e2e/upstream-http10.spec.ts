import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { rawUpstream, thenClose } from '../support/raw-upstream.js';

describe('an upstream that speaks HTTP/1.0', () => {
  it.each([
    ['with a length', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['that ends with the connection', 'HTTP/1.0 200 OK\r\n\r\nhello'],
  ])('has its response delivered, %s', async (_, answer) => {
    const users = rawUpstream(thenClose(answer));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    const requests = requestHead('GET /1') + requestHead('GET /2', 'Connection: close');
    expect(answersIn(await raw(gw.url, requests))).toMatchObject([
      { status: 200, body: 'hello' },
      { status: 200, body: 'hello' },
    ]);
  });
});

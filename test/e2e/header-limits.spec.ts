import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';

it('limits a request head to `maxHeaderBytes`', async () => {
  const yaml = `server: { maxHeaderBytes: 64KiB }\n${ONE_ROUTE}`;
  const gw = await gateway(yaml)
    .withUpstream('users', (_req, res) => void res.end('hello'))
    .start();
  const request = (bytes: number) =>
    requestHead('GET /', 'Connection: close', `X-Large: ${'x'.repeat(bytes)}`);
  expect(answersIn(await raw(gw.url, request(70_000)))).toMatchObject([{ status: 431 }]);
  expect(answersIn(await raw(gw.url, request(15_000)))).toMatchObject([{ status: 200 }]);
});

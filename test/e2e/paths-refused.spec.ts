import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

it('answers malformed_path without repeating a path that an upstream could interpret as another one', async () => {
  const gw = await gateway(ONE_ROUTE).withUpstream('users', recording().handler).start();
  const response = await gw.fetch('/secret%2fplace');
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({
    status: 400,
    code: 'malformed_path',
    detail: expect.any(String),
  });
  expect(text).not.toContain('secret');
});

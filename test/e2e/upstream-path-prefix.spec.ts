import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';

describe('the path in the URL of an upstream', () => {
  it.each([
    ['/1?a=b', '/base/v1/1?a=b'],
    ['/', '/base/v1/'],
    ['//1', '/base/v1//1'],
  ])('is prepended to the path of the request: %s is %s', async (path, expected) => {
    const gw = await gateway(ONE_ROUTE.replace('_URL}', '_URL}/base/v1'))
      .withUpstream('users', (req, res) => void res.end(req.url))
      .start();
    expect(await (await gw.fetch(path)).text()).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead, notRefused } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const PATHS = [
  '/public/../admin',
  '/public/..',
  '/../admin',
  '/./admin',
  '/public/.',
  '/public/%2e%2e/admin',
  '/public/%2E%2E/admin',
  '/public/.%2e/admin',
  '/%2e/admin',
  '/public/..;/admin',
  '/public/..;x=1/admin',
  '/public/.;/admin',
  '/public/%2e%2e;/admin',
  '/public/..%2fadmin',
  '/public/..%5cadmin',
  '/public%2fadmin',
  '/public%2Fadmin',
  '/public\\admin',
  '/public/..\\admin',
  '/public%5cadmin',
  '/public%5Cadmin',
  '/admin%00.css',
  '/admin%00',
  '/admin%0a',
  '/admin%0d%0aX-Injected:%201',
  '/admin%09',
  '/admin%1b[31m',
  '/admin%7f',
  '/%ff',
  '/%c0%ae%c0%ae/admin',
  '/public%c0%afadmin',
  '/%e2%82',
  '/%ed%a0%80',
  '/100%',
  '/%2',
  '/%zz',
  '/Zo\xeb',
  '/admin#fragment',
  '/admin?a=1#fragment',
  'admin',
  '?a=1',
  'ftp://gateway.test/admin',
  'http:///admin',
];

describe('a path that the upstream could read as another one', () => {
  it('is rejected and never reaches it', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const requests = PATHS.map((path) => [path, requestHead(`GET ${path}`, 'Connection: close')]);
    expect(await notRefused(gw.url, Object.fromEntries(requests))).toEqual({});
    expect(users.requests.map(({ url }) => url)).toEqual([]);
  });

  it('gets malformed_path without being repeated', async () => {
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
});

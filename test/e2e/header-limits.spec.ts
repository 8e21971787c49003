import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a`);

const REQUESTS: Record<string, string> = {
  'one field above 16 KiB': requestHead('GET /', `X-Large: ${'x'.repeat(17_000)}`),
  'fields above 16 KiB together': requestHead('GET /', ...many(90).map((field) => field + 'x'.repeat(200))),
  'a name above 16 KiB': requestHead('GET /', `${'X'.repeat(17_000)}: a`),
  'a target above 16 KiB': requestHead(`GET /?${'x'.repeat(17_000)}`),
  'much more than the limit': requestHead('GET /', `X-Large: ${'x'.repeat(1_000_000)}`),
  '101 fields': requestHead('GET /', ...many(100)),
  '2,100 fields': requestHead('GET /', ...Array(2_100).fill('a:')),
  '101 times one field': requestHead('GET /', ...Array(100).fill('Cookie: a=b')),
};

const users = recording((_req, res) => void res.end('hello'));
const gw = gateway(ONE_ROUTE).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

describe('a request head above the limits', () => {
  it.each(Object.entries(REQUESTS))(
    'gets a 431, closes the connection and never reaches the upstream: %s',
    async (_, request) => {
      const [answer, ...others] = answersIn(await raw(gw.url, request));
      expect(answer).toMatchObject({ status: 431, headers: { connection: ['close'] } });
      expect(JSON.parse(answer!.body)).toMatchObject({ code: 'headers_too_large' });
      expect(others).toEqual([]);
      expect(users.requests).toHaveLength(0);
    },
  );
});

describe('a request head within the limits', () => {
  it.each([
    ['100 fields', requestHead('GET /', 'Connection: close', ...many(98))],
    ['15 KB', requestHead('GET /', 'Connection: close', `X-Large: ${'x'.repeat(15_000)}`)],
    ['a target of 8 KB', requestHead(`GET /?${'x'.repeat(8_000)}`, 'Connection: close')],
    ['1,000 parameters', requestHead(`GET /?${'a=1&'.repeat(1_000)}`, 'Connection: close')],
    ['500 cookies', requestHead('GET /', 'Connection: close', `Cookie: ${'a=1; '.repeat(500)}`)],
  ])('is forwarded completely: %s', async (_, request) => {
    expect(answersIn(await raw(gw.url, request))).toMatchObject([{ status: 200 }]);
    const { url, rawHeaders } = users.requests[0]!;
    expect(request).toContain(`GET ${url} `);
    const sent = request.split('\r\n').filter((line) => /^(X-|Cookie)/.test(line));
    const received = rawHeaders.map((each, i) => `${each}: ${rawHeaders[i + 1]}`);
    expect(received).toEqual(expect.arrayContaining(sent.map((line) => line.trim())));
  });

  it('is subject to the configured limit', async () => {
    const yaml = `server: { maxHeaderBytes: 64KiB }\n${ONE_ROUTE}`;
    const gw = await gateway(yaml)
      .withUpstream('users', (_req, res) => void res.end('hello'))
      .start();
    const request = (bytes: number) =>
      requestHead('GET /', 'Connection: close', `X-Large: ${'x'.repeat(bytes)}`);
    expect(answersIn(await raw(gw.url, request(70_000)))).toMatchObject([{ status: 431 }]);
    expect(answersIn(await raw(gw.url, request(15_000)))).toMatchObject([{ status: 200 }]);
  });
});

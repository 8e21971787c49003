import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

/** The headers of helmet by default. */
const HELMET = [
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
];

const users = rawUpstream();
const gw = gateway(ONE_ROUTE).withUpstream('users', users.server).startOnce();

async function answerTo(request: string, ...upstreamFields: string[]) {
  users.answerWith(ok('hello', ...upstreamFields));
  return answersIn(await raw(gw.url, request))[0]!;
}

const GET = requestHead('GET /1', 'Connection: close');

describe('the security headers of helmet', () => {
  it.each([
    ['an answer of the upstream', GET],
    ['a refusal', requestHead('GET /%00', 'Connection: close')],
    ['the health of the gateway', requestHead('GET /health', 'Connection: close')],
  ])('are sent once on %s', async (_, request) => {
    const { headers } = await answerTo(request);
    const missing = HELMET.filter((name) => headers[name]?.length !== 1);
    expect(missing).toEqual([]);
    expect(headers).toMatchObject({
      'x-content-type-options': ['nosniff'],
      'x-frame-options': ['SAMEORIGIN'],
    });
  });

  it('do not override those of the upstream', async () => {
    const { headers } = await answerTo(
      GET,
      'X-Frame-Options: DENY',
      "Content-Security-Policy: default-src 'none'",
    );
    expect(headers).toMatchObject({
      'x-frame-options': ['DENY'],
      'content-security-policy': ["default-src 'none'"],
      'x-content-type-options': ['nosniff'],
    });
  });

  it('are not replaced by hop-by-hop fields of the upstream', async () => {
    const { headers } = await answerTo(GET, 'X-Frame-Options: ALLOWALL', 'Connection: X-Frame-Options');
    expect(headers).toMatchObject({ 'x-frame-options': ['SAMEORIGIN'] });
  });
});

describe('the server software', () => {
  it.each([
    ['an answer of the upstream', GET],
    ['a refusal', requestHead('GET /%00', 'Connection: close')],
    ['the health of the gateway', requestHead('GET /health', 'Connection: close')],
    ['what is not HTTP', 'garbage\r\n\r\n'],
  ])('is not revealed by %s', async (_, request) => {
    const { headers } = await answerTo(request, 'X-Powered-By: PHP/5.2');
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('server');
    expect(JSON.stringify(headers)).not.toMatch(/express|nest|undici|node\/|\d+\.\d+\.\d+(?!\.\d)/i);
  });
});

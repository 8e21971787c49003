import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

/** The headers of helmet by default, on a connection without TLS. */
const HELMET = [
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'referrer-policy',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
];

const HSTS = 'strict-transport-security';
const ALL = [...HELMET, HSTS];

const users = rawUpstream();
const gw = gateway(ONE_ROUTE).withUpstream('users', users.server).startOnce();
const others = gateway(`
server: { trustProxy: [127.0.0.1] }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: api, match: { path: /1 }, upstream: users }
  - { id: cached, match: { path: /cached }, upstream: users, cache: {} }
  - { id: off, match: { path: /off }, upstream: users, securityHeaders: off }
  - { id: short, match: { path: /short, methods: [PUT] }, upstream: users, maintenance: true, securityHeaders: { strictTransportSecurity: { maxAge: 60 } } }
  - { id: closed, match: { path: /closed }, upstream: users, maintenance: true, securityHeaders: off }
  - { id: helmet, match: { path: /helmet }, upstream: users, securityHeaders: { xFrameOptions: { action: deny } } }
`)
  .withUpstream(
    'users',
    createServer((socket) => users.server.emit('connection', socket)),
  )
  .startOnce();

async function answerTo(request: string, upstreamFields: string[] = [], url = gw.url) {
  users.answerWith(ok('hello', ...upstreamFields));
  return answersIn(await raw(url, request))[0]!;
}

const namesOf = ({ headers }: { headers: object }) =>
  Object.keys(headers).filter((name) => ALL.includes(name));

const GET = requestHead('GET /1', 'Connection: close');

describe('the security headers of helmet', () => {
  it.each([
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
});

describe('the security headers of an upstream’s answer', () => {
  const over = (proto: string, path: string) =>
    requestHead(`GET ${path}`, `X-Forwarded-Proto: ${proto}`, 'Connection: close');

  it('do not prevent pages of other sites from using it', async () => {
    expect(namesOf(await answerTo(GET))).toEqual(['x-content-type-options']);
  });

  it.each([
    ['http', '/1', ['x-content-type-options']],
    ['https', '/1', ['x-content-type-options', HSTS]],
    ['https', '/cached', ['x-content-type-options', HSTS]],
    ['http', '/cached', ['x-content-type-options']],
    ['https', '/off', []],
    ['https', '/helmet', ALL],
  ])('follow the configuration, over %s to a trusted proxy: %s', async (proto, path, names) => {
    const answer = await answerTo(over(proto, path), [], others.url);
    expect(namesOf(answer).toSorted()).toEqual(names.toSorted());
  });

  it('ignore the protocol that an untrusted client sends', async () => {
    expect(namesOf(await answerTo(over('https', '/1')))).toEqual(['x-content-type-options']);
  });

  it('do not replace those of the upstream', async () => {
    const theirs = ['X-Frame-Options: DENY', `${HSTS}: max-age=1`, 'X-Content-Type-Options: theirs'];
    const { headers } = await answerTo(over('https', '/helmet'), theirs, others.url);
    expect(headers).toMatchObject({
      'x-frame-options': ['DENY'],
      [HSTS]: ['max-age=1'],
      'x-content-type-options': ['theirs'],
    });
  });

  it('are not replaced by hop-by-hop fields of the upstream', async () => {
    const { headers } = await answerTo(GET, [
      'X-Content-Type-Options: a',
      'Connection: X-Content-Type-Options',
    ]);
    expect(headers).toMatchObject({ 'x-content-type-options': ['nosniff'] });
  });
});

describe('Strict-Transport-Security of an error', () => {
  it.each([
    ['GET /nowhere', 'max-age=31536000'],
    ['PUT /short', 'max-age=60; includeSubDomains'],
    ['PUT /closed', undefined],
  ])('is that of other answers: %s', async (line, value) => {
    const request = requestHead(line, 'X-Forwarded-Proto: https', 'Connection: close');
    const { headers } = await answerTo(request, [], others.url);
    expect(headers[HSTS]?.join()).toBe(value);
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
    const { headers } = await answerTo(request, ['X-Powered-By: PHP/5.2']);
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('server');
    expect(JSON.stringify(headers)).not.toMatch(/express|nest|undici|node\/|\d+\.\d+\.\d+(?!\.\d)/i);
  });
});

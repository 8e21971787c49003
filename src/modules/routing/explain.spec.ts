import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/parse-config.js';
import { explain, type Explanation } from './explain.js';

const YAML = `
auth: { main: { secret: "${'x'.repeat(32)}", algorithms: [HS256] }, api: { issuer: https://a.example/, jwksUri: https://a.example/keys, audience: a, algorithms: [RS256] } }
plugins: { a: {}, b: {} }
upstreams:
  users:
    targets: [{ url: http://a:1 }, { url: http://b:1 }]
    retry: { attempts: 0 }
    breaker: { mode: shadow }
    fallback: { stale: true, response: { status: 503, body: {} } }
  next: { url: http://c:1 }
  copy: { url: http://d:1 }
routes:
  - { id: users, match: { path: /users/**, methods: [GET, PUT] }, upstream: users, cache: {}, timeout: 1s, rewrite: { stripPrefix: /users }, auth: { provider: main, scopes: [a, b], claims: { tenant: acme } } }
  - { id: host, match: { path: /users/**, hosts: [b.example.com] }, upstream: users, auth: none, rewrite: { host: preserve } }
  - { id: hooked, match: { path: /hooked }, upstream: users, auth: none, plugins: [a, b] }
  - { id: secret, match: { path: /users/secret }, upstream: users, auth: none }
  - { id: ruled, match: { path: /ruled }, upstream: users, auth: none, access: { allow: [10.0.0.0/8], deny: [10.1.0.0/16] }, cors: { origins: [https://a.example, https://b.example] }, limits: { maxHeaderBytes: 2KiB, maxQueryBytes: 1KiB, maxQueryParameters: 9, contentTypes: [application/json, image/*] } }
  - { id: closed, match: { path: /closed }, upstream: users, auth: none, access: { deny: [::1] }, maintenance: { retryAfter: 5m } }
  - { id: split, match: { path: /split }, split: [{ upstream: users, weight: 90 }, { upstream: next, weight: 10 }], mirror: { upstream: copy, percent: 5% } }
  - { id: card, match: { path: "/card/{id}", methods: [GET] }, auth: none, gather: { user: { upstream: users, path: "/users/{id}" }, next: { upstream: next, path: "/next?of={id}", fallback: [] } } }
`;

function lines(line: string, headers: Record<string, string> = {}): readonly Explanation[] {
  const result = parseConfig(YAML, { file: 'gateway.yaml', env: {}, readFile: () => '' });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const [method = '', target = ''] = line.split(' ');
  return explain(result.config, { method, target, headers });
}

function explained(line: string, headers?: Record<string, string>): Record<string, string> {
  return Object.fromEntries(lines(line, headers));
}

describe('explain', () => {
  it('says which plugins see a request', () => {
    expect(explained('GET /hooked')).toMatchObject({
      plugins: 'a, then b; in the reverse order for the response.',
    });
  });

  it.each([
    ['TRACE /hooked', {}, 'TRACE is never forwarded: 405 method_not_allowed.'],
    ['CONNECT /hooked', {}, 'CONNECT is never forwarded: 405 method_not_allowed.'],
    ['GET /hooked', { expect: 'x' }, 'The expectation is not supported: 417 expectation_failed.'],
    [
      'POST /hooked',
      { 'transfer-encoding': ',chunked' },
      'The only supported transfer coding is chunked: 400 malformed_request.',
    ],
  ])('says that %s %j is refused', (line, headers: Record<string, string>, text) => {
    expect(lines(line, headers)).toEqual([['request', text]]);
  });

  it('says what each stage would do', () => {
    expect(explained('GET /users/1?a=b')).toEqual({
      route: 'users matches it with /users/**.',
      auth: 'Requires a valid credential of main with the scopes a, b and the required claims tenant.',
      cache: 'Answered from the copy of its user while that is fresh; 5m unless the response says otherwise.',
      sent: 'GET /1?a=b, with `Host` of the upstream, at most 10MiB of body.',
      upstream: 'users: http://a:1, http://b:1, chosen by power-of-two.',
      bulkhead: '256 calls at a time, 512 more wait.',
      deadline: 'Response headers within 1s, retries included.',
      breaker:
        'Opens for 5s when 50% of at least 20 calls in 10s fail, or 5 in a row. It only reports (`mode: shadow`).',
      retries: 'None.',
      fallback: 'Instead of a failure: a stale copy, else a fixed response with status 503.',
    });
    expect(explained('PUT /users/1')).toMatchObject({ cache: 'A success invalidates the stored response.' });
  });

  it('matches hosts and headers', () => {
    const byHost = { route: 'host matches it with /users/**.', auth: 'Anybody may call.' };
    expect(explained('GET /users/1', { host: 'B.example.com:8080' })).toMatchObject(byHost);
    expect(explained('GET http://b.example.com/users/1')).toMatchObject(byHost);
  });

  it('tells splits, mirrors, and what every provider may vouch for', () => {
    expect(explained('GET /split')).toMatchObject({
      auth: 'Requires a valid credential of main or api.',
      split: 'users (weight 90), next (weight 10)',
      mirror: '5% are copied to copy.',
      retries: 'At most 1 after the first try, on connect, reset, 502, 503, 504, within a budget of 20%.',
    });
  });

  it('tells the calls that an answer is made of', () => {
    const parts = lines('GET /card/7').filter(([stage]) => stage === 'part' || stage === 'sent');
    expect(parts).toEqual([
      ['part', 'user: GET /users/7 of users. The whole answer fails with it.'],
      ['part', 'next: GET /next?of=7 of next. Its fallback can stand for it.'],
    ]);
    expect(lines('GET /card/7').filter(([stage]) => stage === 'upstream')).toHaveLength(2);
  });

  it('tells what comes before authentication, and stops at maintenance', () => {
    expect(explained('GET /ruled')).toMatchObject({
      cors: 'Pages of https://a.example, https://b.example can call.',
      access: 'From 10.0.0.0/8 only except 10.1.0.0/16: others get 403 address_denied.',
      limits:
        'At most 2KiB of head, 1KiB of query, 9 query parameters. Bodies of application/json, image/* only.',
    });
    expect(explained('OPTIONS /ruled', { 'access-control-request-method': 'GET' })).toEqual({
      cors: 'The gateway answers this preflight. Pages of https://a.example, https://b.example can call.',
    });
    expect(explained('OPTIONS /ruled')).toHaveProperty('sent');
    expect(explained('GET /closed')).toEqual({
      route: 'closed matches it with /closed.',
      access: 'From everywhere except ::1: others get 403 address_denied.',
      maintenance: 'Every request is answered with 503 maintenance, to be repeated in 5m.',
    });
  });

  it.each([
    ['GET /health', { route: 'The gateway itself answers /health.' }],
    ['GET /nothing', { route: 'No route takes it: 404 no_route.' }],
    ['POST /users/1', { route: 'The path takes GET, HEAD, PUT only: 405 method_not_allowed.' }],
    ['GET /users/a%2Fb', { request: 'The path contains an encoded slash: 400 malformed_path.' }],
    [
      'GET /users//secret',
      {
        request:
          'The path contains slashes or parameters with which an upstream could read it as that of another route: 400 malformed_path.',
      },
    ],
    ['GET /users/../a', { request: 'The path contains a dot segment: 400 malformed_path.' }],
  ])('says why there is none for %s', (line, expected) => {
    expect(explained(line)).toEqual(expected);
  });
});

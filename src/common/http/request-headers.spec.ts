import { describe, expect, it } from 'vitest';
import { type UpstreamRequestContext, upstreamRequestHeaders, VIA } from './request-headers.js';

const CONTEXT: UpstreamRequestContext = {
  requestId: 'id-1',
  peer: '10.0.0.9',
  peerTrusted: false,
  authority: 'api.example.com:8080',
  proto: 'http',
  prefix: '',
  family: 'both',
  forwardAuthorization: false,
  identity: [],
};

function build(raw: string[], context: Partial<UpstreamRequestContext> = {}): Record<string, string> {
  const headers = upstreamRequestHeaders(raw, { ...CONTEXT, ...context });
  const record: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    expect(record).not.toHaveProperty(name);
    record[name] = headers[i + 1] ?? '';
  }
  return record;
}

const OURS = {
  'x-forwarded-for': '10.0.0.9',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': 'api.example.com:8080',
  'x-forwarded-port': '8080',
  forwarded: 'for=10.0.0.9;host="api.example.com:8080";proto=http',
  via: VIA.entry,
  'x-request-id': 'id-1',
};

describe('upstreamRequestHeaders', () => {
  it('keeps end-to-end headers and adds the gateway’s own', () => {
    expect(build(['Accept', 'text/html', 'X-Custom', '1'])).toEqual({
      accept: 'text/html',
      'x-custom': '1',
      ...OURS,
    });
  });

  it('keeps only a valid trace', () => {
    const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const trace = { traceparent: parent, tracestate: 'a=1' };
    expect(build(Object.entries(trace).flat())).toEqual({ ...trace, ...OURS });
    expect(build(['Tracestate', 'a=1', 'Traceparent', parent.toUpperCase(), 'X-A', '1'])).toEqual({
      'x-a': '1',
      ...OURS,
    });
  });

  it('drops hop-by-hop headers, framing, Host and the headers that Connection names', () => {
    const raw =
      'Connection|X-Once, Keep-Alive|Keep-Alive|timeout=5|TE|trailers|Trailer|X|Upgrade|h2c|X-Once|1';
    expect(
      build(`${raw}|Host|a|Content-Length|3|Transfer-Encoding|chunked|Expect|100-continue`.split('|')),
    ).toEqual(OURS);
  });

  it('reads every Connection field there is', () => {
    expect(build(['Connection', 'close', 'x-a', '1', 'connection', 'X-A'])).toEqual(OURS);
  });

  it('keeps headers that Connection must not name', () => {
    const raw = [
      'Connection',
      'Authorization, Cookie, X-Forwarded-For',
      'Authorization',
      'Bearer t',
      'Cookie',
      'a=1',
    ];
    expect(build(raw, { forwardAuthorization: true })).toEqual({
      authorization: 'Bearer t',
      cookie: 'a=1',
      ...OURS,
    });
  });

  it('drops the token unless it is to be forwarded', () => {
    expect(build(['Authorization', 'Bearer t'])).toEqual(OURS);
  });

  it('drops headers that may contain a key, in each spelling, except the forwarded one', () => {
    const raw = 'X-Api-Key|1|X_API_KEY|2|x_api-key|3|X-Batch-Key|4|X-Api-Keys|5'.split('|');
    const headers = new Set(['x-api-key', 'x-batch-key']);
    expect(build(raw, { keptBack: { headers } })).toEqual({ 'x-api-keys': '5', ...OURS });
    expect(build(raw, { keptBack: { headers, instead: ['X-Api-Key', 'ours'] } })).toEqual({
      'x-api-key': 'ours',
      'x-api-keys': '5',
      ...OURS,
    });
    expect(build(raw, { keptBack: { headers, except: 'x-api-key' } })).toEqual({
      'x-api-key': '1',
      'x-api-keys': '5',
      ...OURS,
    });
  });

  it('replaces identity headers of the client, underscore variants included', () => {
    const raw =
      'X-User-Id|root|x-user-anything|1|X-JWT-Sub|root|X_User_Id|root|x_jwt_sub|1|X_Forwarded_For|6.6.6.6';
    expect(build(raw.split('|'), { identity: ['X-User-Id', 'alice'] })).toEqual({
      ...OURS,
      'x-user-id': 'alice',
    });
  });

  it('overwrites forwarding headers of an untrusted peer', () => {
    const raw =
      'X-Forwarded-For|6.6.6.6|X-Forwarded-Host|evil|X-Forwarded-Proto|https|X-Forwarded-Port|1|Forwarded|for=6.6.6.6|' +
      'X-Real-IP|6.6.6.6|True-Client-IP|6.6.6.6|X-Original-URL|/admin|X-Rewrite-URL|/admin|X-HTTP-Method-Override|PUT|' +
      'X-Middleware-Subrequest|1|X-Request-Id|mine';
    expect(build(raw.split('|'))).toEqual(OURS);
  });

  it('extends forwarding headers of a trusted peer', () => {
    const raw =
      'X-Forwarded-For|1.1.1.1|X-Forwarded-Host|www.example.com|X-Forwarded-Proto|https|Forwarded|for=1.1.1.1';
    expect(build(raw.split('|'), { peerTrusted: true })).toMatchObject({
      'x-forwarded-for': '1.1.1.1, 10.0.0.9',
      'x-forwarded-host': 'www.example.com',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '443',
      forwarded: 'for=1.1.1.1;host=www.example.com;proto=https, for=10.0.0.9',
    });
  });

  it('derives Forwarded from what it believes, never from a Forwarded of the peer', () => {
    const raw = ['X-Forwarded-Proto', 'https', 'Forwarded', 'for=6.6.6.6;proto=http;host=evil.test'];
    expect(build(raw, { peerTrusted: true })).toMatchObject({
      'x-forwarded-proto': 'https',
      forwarded: 'for=10.0.0.9;host="api.example.com:8080";proto=https',
    });
  });

  it.each([
    [
      'x-forwarded',
      ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-ssl'],
    ],
    ['forwarded', ['forwarded']],
    ['none', []],
  ] as const)('sends only the family that is configured: %s', (family, names) => {
    const raw = 'X-Forwarded-Proto|https|X-Forwarded-Ssl|on|Forwarded|proto=https';
    const sent = Object.keys(build(raw.split('|'), { peerTrusted: true, family }));
    expect(sent.filter((name) => name.includes('forwarded')).toSorted()).toEqual([...names].toSorted());
  });

  it('adds a removed prefix to the one that a trusted peer removed', () => {
    expect(build([], { prefix: '/users' })).toMatchObject({ 'x-forwarded-prefix': '/users' });
    const raw = ['X-Forwarded-Prefix', '/outer/'];
    expect(build(raw, { prefix: '/users' })).toMatchObject({ 'x-forwarded-prefix': '/users' });
    expect(build(raw, { prefix: '/users', peerTrusted: true })).toMatchObject({
      'x-forwarded-prefix': '/outer/users',
    });
  });

  it('keeps what a trusted peer says of the client, but not overrides of method and URL', () => {
    const said = { 'x-forwarded-port': '443', 'cf-connecting-ip': '1.1.1.1', 'x-remote-user': 'ann' };
    const raw = Object.entries({
      ...said,
      'x-rewrite-url': '/admin',
      'x-method-override': 'PUT',
      proxy: 'evil',
    });
    expect(build(raw.flat(), { peerTrusted: true })).toEqual({ ...OURS, ...said });
    expect(build(raw.flat())).toEqual(OURS);
  });

  it('appends itself to Via', () => {
    expect(build(['Via', '1.1 other'])['via']).toBe(`1.1 other, ${VIA.entry}`);
  });

  it('quotes an IPv6 peer as RFC 7239 says', () => {
    expect(build([], { peer: '::1' })['forwarded']).toContain('for="[::1]"');
  });
});

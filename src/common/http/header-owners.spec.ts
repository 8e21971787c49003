import { describe, expect, it } from 'vitest';
import {
  isReservedInRequests,
  isReservedInResponses,
  nominatedByConnection,
  passesOn,
} from './header-owners.js';

describe('isReservedInRequests', () => {
  const reserved =
    'Host Content-Length Transfer-Encoding Connection TE Upgrade Via Forwarded X-User-Id x_user_id ' +
    'X-JWT-Claims X-Forwarded-For X-Forwarded-Prefix X-Request-Id X-Request-Deadline Breakwater-Mirror ' +
    'Sec-WebSocket-Key sec_websocket_protocol';

  it.each(reserved.split(' '))('reserves %s for the gateway', (name) => {
    expect(isReservedInRequests(name)).toBe(true);
  });

  it.each(['Authorization', 'Cookie', 'X-Api-Version', 'Accept', 'X-Real-IP', 'X-Original-URL'])(
    'leaves %s to the operator',
    (name) => {
      expect(isReservedInRequests(name)).toBe(false);
    },
  );
});

describe('isReservedInResponses', () => {
  it.each([
    'content-length',
    'Trailer',
    'X-Request-Id',
    'Cache-Status',
    'Breakwater-Fallback',
    'Sec-WebSocket-Accept',
  ])('reserves %s for the gateway', (name) => {
    expect(isReservedInResponses(name)).toBe(true);
  });

  it.each(['Set-Cookie', 'X-Frame-Options', 'Cache-Control', 'Server'])('leaves %s', (name) => {
    expect(isReservedInResponses(name)).toBe(false);
  });
});

describe('passesOn', () => {
  it.each([
    ['accept', true, true],
    ['x_a', true, true],
    ['x-forwarded-port', false, true],
    ['x-real-ip', false, true],
    ['front-end-https', false, true],
    ['x-forwarded', false, true],
    ['x-forward-proto', false, true],
    ['x-original-host', false, true],
    ['x_original_uri', false, false],
    ['x-user-id', false, false],
    ['x-jwt-tenant', false, false],
    ['x-original-url', false, false],
    ['proxy', false, false],
    ['te', false, false],
    ['x_real_ip', false, false],
    ['x_user-id', false, false],
    ['x.user.id', false, false],
    ['x.a', true, true],
    ['http2_settings', false, false],
  ])('says of %s: from anybody %s, from a trusted peer %s', (name, anybody, trusted) => {
    expect([passesOn(name, false), passesOn(name, true)]).toEqual([anybody, trusted]);
  });
});

describe('nominatedByConnection', () => {
  it('lists the named headers, but none that carries safety or meaning', () => {
    const names = nominatedByConnection('close, X-A ,, Cookie, Via, X-Forwarded-For, Authorization');
    expect([...names]).toEqual(['close', 'x-a']);
  });
});

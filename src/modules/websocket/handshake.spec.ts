import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../common/errors/problem.js';
import { acceptOf, asksForWebSocket, checkHandshake, isOriginAllowed, isSwitchValid } from './handshake.js';

/** The example of RFC 6455 section 1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const REQUEST = { 'sec-websocket-key': KEY, 'sec-websocket-version': '13' };

function refusal(run: () => void): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof ProblemError ? error.code : 'another error';
  }
  return undefined;
}

it('computes the Sec-WebSocket-Accept of the example in RFC 6455', () => {
  expect(acceptOf(KEY)).toBe(ACCEPT);
});

it('recognises a request for a WebSocket and for nothing else', () => {
  expect(asksForWebSocket({ upgrade: 'WebSocket' })).toBe(true);
  for (const upgrade of [undefined, 'h2c', 'websocket, h2c', 'h2c, websocket', 'websocket/13']) {
    expect(asksForWebSocket({ upgrade })).toBe(false);
  }
});

describe('checkHandshake', () => {
  it.each([
    ['a valid handshake', REQUEST, false, undefined],
    ['a handshake with a body', REQUEST, true, 'malformed_request'],
    ['an old version', { ...REQUEST, 'sec-websocket-version': '8' }, false, 'websocket_version'],
    ['no version', { 'sec-websocket-key': KEY }, false, 'websocket_version'],
    ['no key', { 'sec-websocket-version': '13' }, false, 'malformed_request'],
    ['a short key', { ...REQUEST, 'sec-websocket-key': 'c2hvcnQ=' }, false, 'malformed_request'],
    ['two keys', { ...REQUEST, 'sec-websocket-key': `${KEY}, ${KEY}` }, false, 'malformed_request'],
    ['loose bits', { ...REQUEST, 'sec-websocket-key': `${KEY.slice(0, 21)}B==` }, false, 'malformed_request'],
  ])('of %s', (_, headers, hasBody, code) => {
    expect(refusal(() => checkHandshake(headers, hasBody))).toBe(code);
  });
});

describe('isOriginAllowed', () => {
  it.each([
    [undefined, ['https://app.test'], true],
    ['https://app.test', ['https://app.test'], true],
    ['https://evil.test', ['https://app.test'], false],
    ['https://evil.test', ['*'], true],
    ['https://evil.test', undefined, true],
    ['https://evil.test', [], false],
    ['http://gw.test:8080', [], true],
    ['http://GW.test:8080', ['https://app.test'], true],
    ['http://gw.test', ['https://app.test'], false],
    ['null', ['https://app.test'], false],
  ])('of %s with %j is %s', (origin, allowed, expected) => {
    expect(isOriginAllowed(origin, 'gw.test:8080', allowed)).toBe(expected);
  });

  it.each([
    ['https://gw.test', 'gw.test:443', true],
    ['http://gw.test', 'gw.test:80', true],
    ['http://gw.test', 'gw.test:443', false],
    ['https://gw.test', 'GW.test', true],
    ['null', '', false],
  ])('of %s at a gateway that is called %s is %s', (origin, authority, expected) => {
    expect(isOriginAllowed(origin, authority, [])).toBe(expected);
  });

  it.each([
    [undefined, ['https://app.test'], false],
    ['https://evil.test', undefined, false],
    ['https://evil.test', ['*'], false],
    ['null', ['*'], false],
    ['https://app.test', ['https://app.test'], true],
    ['http://gw.test:8080', undefined, true],
  ])('of %s with %j is %s when a cookie names the user', (origin, allowed, expected) => {
    expect(isOriginAllowed(origin, 'gw.test:8080', allowed, true)).toBe(expected);
  });
});

describe('isSwitchValid', () => {
  const good = { upgrade: 'websocket', 'sec-websocket-accept': ACCEPT };
  const offering = { ...REQUEST, 'sec-websocket-protocol': 'chat, superchat' };

  const extending = { ...REQUEST, 'sec-websocket-extensions': 'A; x=1, b; y; z=2' };

  it.each([
    ['the right accept', REQUEST, good, true],
    ['no accept', REQUEST, { upgrade: 'websocket' }, false],
    ['another accept', REQUEST, { ...good, 'sec-websocket-accept': acceptOf('x') }, false],
    ['another protocol', REQUEST, { ...good, upgrade: 'h2c' }, false],
    ['a subprotocol of the list', offering, { ...good, 'sec-websocket-protocol': 'superchat' }, true],
    ['another subprotocol', offering, { ...good, 'sec-websocket-protocol': 'mqtt' }, false],
    ['a subprotocol that nobody offered', REQUEST, { ...good, 'sec-websocket-protocol': 'chat' }, false],
    ['two subprotocols', offering, { ...good, 'sec-websocket-protocol': ['chat', 'superchat'] }, false],
    ['an empty subprotocol', REQUEST, { ...good, 'sec-websocket-protocol': '' }, false],
    ['an extension nobody offered', REQUEST, { ...good, 'sec-websocket-extensions': 'x' }, false],
    ['an extension of the list', extending, { ...good, 'sec-websocket-extensions': 'b; level=2' }, true],
    ['extensions of the list', extending, { ...good, 'sec-websocket-extensions': ['b', 'a ; x=1'] }, true],
    ['another extension', extending, { ...good, 'sec-websocket-extensions': 'a, c; b' }, false],
    ['two accepts', REQUEST, { ...good, 'sec-websocket-accept': [ACCEPT, ACCEPT] }, false],
  ])('of %s', (_, request, response, expected) => {
    expect(isSwitchValid(request, response)).toBe(expected);
  });
});

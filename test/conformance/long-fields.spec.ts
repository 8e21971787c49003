import { describe, expect, it } from 'vitest';
import { parseCacheControl } from '../../src/common/http/cache-control.js';
import { toPublic } from '../../src/common/http/public-address.js';
import { parseTarget } from '../../src/common/http/request-target.js';
import { withoutSecrets } from '../../src/modules/access-log/without-secrets.js';
import { scopesOf } from '../../src/modules/cache/cache-entry.js';
import { variantFor } from '../../src/modules/cache/vary.js';
import type { Exchange } from '../../src/modules/routing/exchange.js';
import { acceptOf, isSwitchValid } from '../../src/modules/websocket/handshake.js';

// Far longer than a head may be: what takes quadratic time takes minutes, and the test ends with its time limit.
const LENGTH = 500_000;
const BLANKS = ' '.repeat(LENGTH);

const short = (text: string) => text.replaceAll(BLANKS, ' ');

describe('fields whose length is up to others are read in linear time', () => {
  it('Cache-Control with quoted strings that never end', () => {
    const field = `no-store, ${'a=\\"'.repeat(LENGTH / 4)}`;
    expect([...parseCacheControl(field)]).toEqual([
      ['no-store', true],
      ['a', '\\'],
    ]);
  });

  it('a request target that is no URL', () => {
    expect(() => parseTarget(`http://${'a'.repeat(LENGTH)}#`)).toThrow('malformed');
  });

  it('a query without values', () => {
    const query = `?${'a'.repeat(LENGTH)}`;
    expect(withoutSecrets(query)).toBe(query);
  });

  it.each(['accept-language', 'accept-encoding'])('blanks in %s', (name) => {
    const variant = (value: string) => {
      const req = { headers: { [name]: value }, rawHeaders: [name, value] };
      return variantFor([name], { req, head: { peerTrusted: false } } as unknown as Exchange);
    };
    expect(variant(`a${BLANKS};${BLANKS}q=1${BLANKS},b`)).toBe(variant('a;q=1,b'));
    expect(variant(`a${BLANKS}b`)).not.toBe(variant('ab'));
  });

  it('blanks in Cache-Tag', () => {
    const resource = { origin: 'http://a', target: '/' };
    expect(scopesOf('id', resource, { 'cache-tag': `a${BLANKS},b${BLANKS}c` })).toContain('t:a');
  });

  it('blanks in the attributes of a cookie', () => {
    const cookie = `a=b;${BLANKS}Path${BLANKS}=${BLANKS}/base/x${BLANKS}x`;
    const address = {
      hosts: new Map([['users', '/base']]),
      base: '/base',
      swap: { upstream: '', public: '' },
    };
    const mapped = toPublic({ 'set-cookie': cookie }, address);
    expect(short(String(mapped['set-cookie']))).toBe('a=b; Path=/x x');
  });

  it('blanks in Sec-WebSocket-Extensions', () => {
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    const answer = { upgrade: 'websocket', 'sec-websocket-accept': acceptOf(key) };
    const extensions = { 'sec-websocket-extensions': `a${BLANKS}b` };
    expect(isSwitchValid({ 'sec-websocket-key': key, ...extensions }, answer)).toBe(true);
  });
});

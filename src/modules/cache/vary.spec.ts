import { describe, expect, it } from 'vitest';
import type { Exchange } from '../routing/exchange.js';
import { variantFor, varyFields } from './vary.js';

describe('varyFields (RFC 9111 section 4.1)', () => {
  it('are one list, in whatever case and order', () => {
    expect(varyFields({ vary: 'B, a' })).toEqual(['a', 'b']);
    expect(varyFields({ vary: ['B', ' a ,'] })).toEqual(['a', 'b']);
    expect(varyFields({})).toEqual([]);
  });

  it.each([
    '*',
    'accept, *',
    'Forwarded',
    'Via',
    'X-Forwarded-For',
    'X-Real-IP',
    'X-Request-Deadline',
    'X-Request-Id',
  ])('match no request: %s', (vary) => {
    expect(varyFields({ vary })).toBeUndefined();
  });

  it('are not too many', () => {
    const several = (length: number) => ({ vary: Array.from({ length }, (_, i) => `x-${i}`).join() });
    expect(varyFields(several(16))).toHaveLength(16);
    expect(varyFields(several(17))).toBeUndefined();
  });

  it('leave out what every key has', () => {
    expect(varyFields({ vary: 'Host, X-Forwarded-Host, X-Forwarded-Proto' })).toEqual([]);
  });
});

describe('variantFor', () => {
  const variantOf = (fields: string[], req: object, upstreamHeaders: string[] = [], peerTrusted = false) =>
    variantFor(fields, { req, identity: { upstreamHeaders }, head: { peerTrusted } } as unknown as Exchange);
  const request = (headers: Record<string, string | undefined>, rawHeaders: string[] = []) => ({
    headers,
    rawHeaders,
  });
  const variant = (name: string, value: string | undefined) => variantOf([name], request({ [name]: value }));

  it.each([
    ['accept-language', 'en, de', 'EN,de'],
    ['accept-encoding', 'gzip;q=1', 'gzip ; q=1'],
    ['accept-charset', 'utf-8', 'UTF-8'],
    ['x-a', 'a , b', 'a,b'],
  ])('of %s is the same for %j and %j', (name, a, b) => {
    expect(variant(name, a)).toBe(variant(name, b));
  });

  it.each([
    ['accept-language', 'en, de', 'de, en'],
    ['x-a', 'a', 'A'],
    ['accept', 'a/b; profile="X"', 'a/b; profile="x"'],
    ['x-a', '"a, b"', '"a,b"'],
    ['x-a', '', undefined],
    ['x-a', 'null', undefined],
  ])('of %s is another one for %j and %j', (name, a, b) => {
    expect(variant(name, a)).not.toBe(variant(name, b));
  });

  it('takes a user from the gateway, never from the client', () => {
    const of = (subject: string, claim: string) =>
      variantOf(['x-user-id'], request({ 'x-user-id': claim }), ['X-User-Id', subject]);
    expect(of('alice', 'bob')).toBe(of('alice', 'carol'));
    expect(of('alice', 'bob')).not.toBe(of('bob', 'bob'));
  });

  it('takes all that the upstream is told, not the first of it alone', () => {
    const of = (scopes: string) =>
      variantOf(['x-user-scopes'], request({}), ['X-User-Id', 'alice', 'X-User-Scopes', scopes]);
    expect(of('a')).not.toBe(of('b'));
  });

  it.each(['__proto__', 'constructor', 'valueOf'])('knows what objects have from fields: %s', (name) => {
    expect(variantOf([name], request({}))).toBe(variantOf([name], request({})));
    expect(variantOf([name], request({}))).not.toBe(variantOf([name], request({ [name]: '1' })));
  });

  it.each(['x-user-id', 'x-jwt-tenant', 'x_jwt_tenant', 'x-forwarded-port', 'x-original-url', 'x-client-ip'])(
    'ignores the client’s %s, which the upstream does not get',
    (name) => {
      expect(variant(name, 'evil')).toBe(variant(name, undefined));
    },
  );

  it('distinguishes what a trusted proxy says, which the upstream does get', () => {
    const of = (port: string) =>
      variantOf(['x-forwarded-port'], request({ 'x-forwarded-port': port }), [], true);
    expect(of('80')).not.toBe(of('443'));
  });

  it('goes by what the upstream gets, which is nothing of what Connection names', () => {
    const of = (connection?: string) =>
      variantOf(['accept-language'], request({ 'accept-language': 'de', connection }));
    expect(of('close, Accept-Language')).toBe(variant('accept-language', undefined));
    expect(of('keep-alive')).toBe(of());
  });

  it.each([
    'authorization',
    'content-type',
    'from',
    'if-modified-since',
    'if-unmodified-since',
    'max-forwards',
    'referer',
    'user-agent',
  ])('goes by every line of %s, of which Node reads the first alone', (name) => {
    const of = (...values: string[]) =>
      variantOf(
        [name],
        request({ [name]: values[0] }, [
          'X-B',
          name,
          ...values.flatMap((value) => [name.toUpperCase(), value]),
        ]),
      );
    expect(of('a', 'b')).not.toBe(of('a'));
    expect(of('a')).toBe(variantOf([name], request({ [name]: 'a' }, [name, 'a', 'X-B', 'b'])));
  });

  it('takes no value of what the upstream is told for a name', () => {
    const told = ['X-User-Name', 'x-a'];
    const of = (value: string) => variantOf(['x-a'], request({ 'x-a': value }), told);
    expect(of('1')).not.toBe(of('2'));
  });
});

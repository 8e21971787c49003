import { describe, expect, it } from 'vitest';
import { identityOf } from './identity-of.js';

const of = (claims: Record<string, unknown>, forwardClaims: Record<string, string> = {}) =>
  identityOf(claims, 'main', forwardClaims);

describe('identityOf', () => {
  it('reads the tenant from either claim, if it is text', () => {
    expect(of({ tenant: 'acme', tid: 'x' }).tenant).toBe('acme');
    expect(of({ tid: 'x' }).tenant).toBe('x');
    expect(of({ tenant: { id: 1 } }).tenant).toBeUndefined();
    expect(of({ iss: 'https://idp' }).issuer).toBe('https://idp');
  });

  it.each([
    [{ scope: 'a  b ' }, ['a', 'b']],
    [{ scope: ' a' }, ['a']],
    [{ scope: 'a\tb\nc' }, ['a\tb\nc']],
    [{ scope: 'a\u00a0b' }, ['a\u00a0b']],
    [{ scope: '' }, []],
    [{ scope: ' ' }, []],
    [{ scope: '', scp: ['a'] }, []],
    [{ scope: null, scp: ['a'] }, ['a']],
    [{ scope: ['a', 1, null, 'b c'] }, ['a', 'b c']],
    [{ scp: 'a b' }, ['a', 'b']],
    [{ scp: { a: true } }, []],
    [{ scp: 1 }, []],
    [{ scope: { length: 1, 0: 'a' } }, []],
    [{}, []],
  ])('reads the scopes of %j', (claims, scopes) => {
    expect(of(claims).scopes).toEqual(scopes);
  });

  it('writes the forwarded claims as headers, in plain ASCII', () => {
    const forwardClaims = {
      tenant: 'X-User-Tenant',
      'a.b': 'X-Jwt-B',
      level: 'X-User-Level',
      none: 'X-Jwt-N',
    };
    const claims = { sub: 'alice', tenant: 'a\r\nb', a: { b: ['x y', 'z'] }, level: 3 };
    expect(of(claims, forwardClaims).upstreamHeaders).toEqual(
      [
        ['X-User-Id', 'alice', 'X-User-Scopes', ''],
        ['X-User-Tenant', 'a%0D%0Ab', 'X-Jwt-B', 'x%20y z', 'X-User-Level', '3'],
      ].flat(),
    );
  });

  it.each([{ a: 1 }, [{}], [], null, undefined, ['a', null]])(
    'writes no header for the claim %j',
    (tenant) => {
      expect(of({ tenant }, { tenant: 'X-User-Tenant' }).upstreamHeaders).toEqual(['X-User-Scopes', '']);
    },
  );

  it('reads a subject that is a whole number as text', () => {
    for (const sub of [1234567890123, 0]) {
      expect(of({ sub }).subject).toBe(String(sub));
      expect(of({ sub }).upstreamHeaders).toEqual(['X-User-Id', String(sub), 'X-User-Scopes', '']);
    }
  });

  it('writes no X-User-Id without a subject', () => {
    for (const claims of [{}, { sub: '' }]) expect(of(claims).upstreamHeaders).toEqual(['X-User-Scopes', '']);
  });
});

import { describe, expect, it } from 'vitest';
import { refusalOf } from './registered-claims.js';

const NOW = 1_800_000_000;
const RULES = { issuer: undefined, audience: undefined, clockSkewMs: 60_000 };
const refused = (claims: Record<string, unknown>, rules = {}) =>
  refusalOf({ exp: NOW + 60, ...claims }, { ...RULES, ...rules }, NOW * 1000);

describe('refusalOf', () => {
  it.each([
    ['exp', String(NOW + 60)],
    ['exp', undefined],
    ['exp', null],
    ['exp', -1],
    ['exp', 1e308],
    ['exp', NOW * 1000],
    ['exp', [NOW + 60]],
    ['exp', true],
    ['nbf', String(NOW)],
    ['nbf', -1],
    ['nbf', null],
    ['iat', 'yesterday'],
    ['iat', {}],
    ['iss', ['https://idp']],
    ['iss', null],
    ['sub', 42],
    ['sub', { admin: true }],
    ['aud', 1],
    ['aud', {}],
    ['aud', ['gw', 1]],
  ])('takes no `%s` of %j', (name, value) => {
    expect(refused({ [name]: value })).toBe('claims');
  });

  it('measures dates by the clock and its skew, to the millisecond', () => {
    expect(refused({ exp: NOW - 60 })).toBe('expired');
    expect(refused({ exp: NOW - 59.999 })).toBeUndefined();
    expect(refused({ nbf: NOW + 60 })).toBeUndefined();
    expect(refused({ nbf: NOW + 60.001 })).toBe('not_yet_valid');
    expect(refused({ iat: NOW + 61, exp: NOW + 600 })).toBe('not_yet_valid');
  });

  it('compares issuer and audience exactly', () => {
    const rules = { issuer: 'https://idp', audience: ['gw'] };
    expect(refused({ iss: 'https://idp', aud: 'gw' }, rules)).toBeUndefined();
    expect(refused({ iss: 'https://idp', aud: ['x', 'gw'] }, rules)).toBeUndefined();
    expect(refused({ iss: 'https://idp/', aud: 'gw' }, rules)).toBe('issuer');
    expect(refused({ aud: 'gw' }, rules)).toBe('issuer');
    expect(refused({ iss: 'https://idp', aud: 'gw-2' }, rules)).toBe('audience');
    expect(refused({ iss: 'https://idp', aud: [] }, rules)).toBe('audience');
    expect(refused({ iss: 'https://idp' }, rules)).toBe('audience');
  });
});

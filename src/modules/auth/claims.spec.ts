import { describe, expect, it } from 'vitest';
import { validUntil } from './claims.js';

const NOW = 1_800_000_000;
const RULES = { issuer: undefined, audience: undefined, clockSkew: 60_000 };
const END = (NOW + 60 + 60) * 1000;
const check = (claims: Record<string, unknown>, rules = {}) =>
  validUntil({ exp: NOW + 60, ...claims }, { ...RULES, ...rules }, NOW * 1000);

describe('validUntil', () => {
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
    ['sub', 4.2],
    ['sub', 2 ** 53],
    ['sub', null],
    ['sub', ['alice']],
    ['sub', { admin: true }],
    ['aud', 1],
    ['aud', {}],
    ['aud', ['gw', 1]],
  ])('refuses `%s` of %j', (name, value) => {
    expect(check({ [name]: value })).toBe('claims');
  });

  it.each(['alice', 42, 0, Number.MAX_SAFE_INTEGER])('accepts the subject %j', (sub) => {
    expect(check({ sub })).toBe(END);
  });

  it('compares dates with the clock, skew included, to the millisecond', () => {
    expect(check({ exp: NOW - 60 })).toBe('expired');
    expect(check({ exp: NOW - 59.999 })).toBeCloseTo(NOW * 1000 + 1);
    expect(check({ nbf: NOW + 60 })).toBe(END);
    expect(check({ nbf: NOW + 60.001 })).toBe('not_yet_valid');
    expect(check({ iat: NOW + 61, exp: NOW + 600 })).toBe('not_yet_valid');
  });

  it('compares issuer and audience exactly', () => {
    const rules = { issuer: 'https://idp', audience: ['gw'] };
    expect(check({ iss: 'https://idp', aud: 'gw' }, rules)).toBe(END);
    expect(check({ iss: 'https://idp', aud: ['x', 'gw'] }, rules)).toBe(END);
    expect(check({ iss: 'https://idp/', aud: 'gw' }, rules)).toBe('issuer');
    expect(check({ aud: 'gw' }, rules)).toBe('issuer');
    expect(check({ iss: 'https://idp', aud: 'gw-2' }, rules)).toBe('audience');
    expect(check({ iss: 'https://idp', aud: [] }, rules)).toBe('audience');
    expect(check({ iss: 'https://idp' }, rules)).toBe('audience');
  });
});

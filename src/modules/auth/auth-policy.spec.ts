import { describe, expect, it } from 'vitest';
import type { RouteAuthConfig } from '../config/gateway-config.js';
import { AuthPolicy } from './auth-policy.js';
import { identityOf } from './identity-of.js';

function lack(policy: Partial<RouteAuthConfig>, claims: Record<string, unknown>) {
  return new AuthPolicy(policy).lack(identityOf(claims, 'main'));
}

describe('AuthPolicy', () => {
  it('requires every scope', () => {
    expect(lack({ scopes: ['a', 'b'] }, { scope: 'b a c' })).toBeUndefined();
    expect(lack({ scopes: ['a', 'b'] }, { scp: ['a', 'b'] })).toBeUndefined();
    expect(lack({ scopes: ['a', 'b'] }, { scope: 'a' })).toBe('insufficient_scope');
    expect(lack({ scopes: ['a'] }, { scope: 'ab a:b A' })).toBe('insufficient_scope');
    expect(lack({ scopes: ['a'] }, {})).toBe('insufficient_scope');
  });

  it.each([
    [{ tenant: { oneOf: ['acme'] } }, { tenant: 'acme' }, true],
    [{ tenant: { oneOf: ['acme'] } }, { tenant: 'acme2' }, false],
    [{ tenant: { oneOf: ['acme'] } }, { tenant: ['acme'] }, false],
    [{ tenant: { oneOf: ['acme'] } }, {}, false],
    [{ role: { oneOf: ['a', 'b'] } }, { role: 'b' }, true],
    [{ level: { oneOf: [3] } }, { level: 3 }, true],
    [{ level: { oneOf: [3] } }, { level: '3' }, false],
    [{ groups: { contains: ['x'] } }, { groups: ['w', 'x'] }, true],
    [{ groups: { contains: ['x', 'y'] } }, { groups: ['w', 'x'] }, false],
    [{ groups: { contains: ['x'] } }, { groups: 'x' }, false],
    [{ 'realm_access.roles': { contains: ['x'] } }, { realm_access: { roles: ['x'] } }, true],
    [{ 'https://e.com/t': { oneOf: ['x'] } }, { 'https://e.com/t': 'x' }, true],
    [{ 'constructor.name': { oneOf: ['Object'] } }, {}, false],
    [{ tenant: { oneOf: ['acme'] }, role: { oneOf: ['a'] } }, { tenant: 'acme' }, false],
  ])('compares the required claims %j with %j', (claims, given, holds) => {
    expect(lack({ claims }, given)).toBe(holds ? undefined : 'insufficient_claims');
  });
});

import { expect, it } from 'vitest';
import { securityHeaders } from './security-headers.js';

it('takes from helmet what it sets and what it removes', () => {
  const { added, dropped } = securityHeaders();
  const headers = Object.fromEntries(added.map(({ name, value }) => [name, value]));
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
  expect(headers['strict-transport-security']).toContain('max-age=');
  expect(headers).not.toHaveProperty('x-powered-by');
  expect([...dropped]).toEqual(['x-powered-by']);
});

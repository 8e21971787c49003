import { expect, it } from 'vitest';
import { securityHeaders } from './security-headers.js';

it('takes from helmet what it sets', () => {
  const headers = Object.fromEntries(securityHeaders().map(({ name, value }) => [name, value]));
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
  expect(headers['strict-transport-security']).toContain('max-age=');
});

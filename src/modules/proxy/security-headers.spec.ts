import { expect, it } from 'vitest';
import { OWN_PAGES, securityHeaders, securityHeadersOf } from './security-headers.js';

it('takes from helmet what it sets', () => {
  const { headers, hsts } = securityHeaders(OWN_PAGES);
  expect(headers).toContainEqual({ name: 'x-content-type-options', value: 'nosniff' });
  expect(headers).toContainEqual({ name: 'x-frame-options', value: 'SAMEORIGIN' });
  expect(hsts).toBe('max-age=31536000');
});

it('has few headers for an API, none when off, and those of helmet with its options', () => {
  const nosniff = { name: 'x-content-type-options', value: 'nosniff' };
  expect(securityHeadersOf('api')).toEqual({ headers: [nosniff], hsts: 'max-age=31536000' });
  expect(securityHeadersOf('off')).toEqual({ headers: [], hsts: undefined });
  const { headers, hsts } = securityHeadersOf({
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: false,
  });
  expect(headers).toContainEqual({ name: 'x-frame-options', value: 'DENY' });
  expect(headers.map(({ name }) => name)).toContain('content-security-policy');
  expect(hsts).toBeUndefined();
});

import { describe, expect, it } from 'vitest';
import { parseHttpDate } from './http-date.js';

const NOW = Date.UTC(2026, 10, 22);
const EXPECTED = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('parseHttpDate', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'reads %s (RFC 9110 section 5.6.7)',
    (text) => {
      expect(parseHttpDate(text, NOW)).toBe(EXPECTED);
    },
  );

  it.each(['SUN, 06 NOV 1994 08:49:37 GMT', 'sunday, 06-nov-94 08:49:37 gmt', 'sun nov  6 08:49:37 1994'])(
    'reads %s, because case does not matter to a cache (RFC 9111 section 4.2)',
    (text) => {
      expect(parseHttpDate(text, NOW)).toBe(EXPECTED);
    },
  );

  it('takes a year of two digits for the last one that is not far ahead', () => {
    expect(parseHttpDate('Friday, 06-Nov-76 08:49:37 GMT', NOW)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37));
    expect(parseHttpDate('Friday, 06-Nov-77 08:49:37 GMT', NOW)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37));
  });

  it.each([
    '',
    '0',
    '2026-11-22',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 31 Feb 2026 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 25:49:37 GMT',
  ])('refuses %j as a date', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });
});

import { expect, it } from 'vitest';
import { clockTime, duration, milliseconds, rate, share } from './format.js';

it.each([
  [400, '0 s'],
  [59_000, '59 s'],
  [250_000, '4 min 10 s'],
  [7_260_000, '2 h 1 min'],
  [3 * 86_400_000, '3 days'],
  [-5, '0 s'],
])('writes %i ms as %s', (ms, text) => expect(duration(ms)).toBe(text));

it.each([
  [0, 0, '–'],
  [0, 5, '0%'],
  [1, 10_000, '<0.1%'],
  [9_999, 10_000, '>99.9%'],
  [1, 40, '2.5%'],
  [997, 1_000, '99%'],
  [5, 5, '100%'],
])('writes %i of %i as %s', (part, all, text) => expect(share(part, all)).toBe(text));

it.each([
  [undefined, '–'],
  [0.62, '0.6 ms'],
  [152.4, '152 ms'],
  [2_340, '2.3 s'],
])('writes %s ms as %s', (ms, text) => expect(milliseconds(ms)).toBe(text));

it.each([
  [0, '0'],
  [0.2, '0.2'],
  [1_234.5, '1,235'],
])('writes %d per second as %s', (n, text) => expect(rate(n)).toBe(text));

it('writes the date of another day', () => {
  const now = new Date(2026, 10, 29, 3, 4, 5).getTime();
  expect(clockTime(now, now)).toBe('03:04:05');
  expect(clockTime(now - 86_400_000, now)).toBe('28 Nov 03:04:05');
});

import { expect, it } from 'vitest';
import { backoff } from './backoff.js';

it('is random below a bound that doubles up to max', () => {
  const options = { base: 25, max: 250 };
  expect([0, 1, 2, 3, 4, 99].map((retry) => backoff(options, retry, 1))).toEqual([
    25, 50, 100, 200, 250, 250,
  ]);
  expect(backoff(options, 3, 0)).toBe(0);
  expect(backoff(options, 3, 0.5)).toBe(100);
});

import { expect, it } from 'vitest';
import { RollingCount } from './rolling-count.js';

it('counts within the window, to a tenth of it', () => {
  let now = 0;
  const count = new RollingCount(1_000, { now: () => now, wall: () => now });
  count.add();
  now = 500;
  count.add();
  count.add();
  expect(count.sum).toBe(3);
  now = 999;
  expect(count.sum).toBe(3);
  now = 1_000;
  expect(count.sum).toBe(2);
  now = 1_500;
  expect(count.sum).toBe(0);
  count.add();
  now = 1_000_000;
  expect(count.sum).toBe(0);
  count.add();
  expect(count.sum).toBe(1);
});

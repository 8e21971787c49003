import { expect, it } from 'vitest';
import { SecondLimit } from './second-limit.js';

it('lets so many through in a second, and as many in the next', () => {
  let now = 5_000;
  const limit = new SecondLimit(2, { now: () => now, wall: () => 0 });
  expect([limit.take(), limit.take(), limit.take()]).toEqual([true, true, false]);
  now += 999;
  expect(limit.take()).toBe(false);
  now += 1;
  expect([limit.take(), limit.take(), limit.take()]).toEqual([true, true, false]);
});

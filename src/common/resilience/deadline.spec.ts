import { expect, it } from 'vitest';
import { Deadline } from './deadline.js';

it('leaves all of its time before it starts, and counts its first start only', () => {
  const time = { now: 0 };
  const deadline = new Deadline({ now: () => time.now, wall: () => time.now }, 100);
  time.now = 500;
  expect(deadline.remaining()).toBe(100);
  deadline.start();
  time.now = 530;
  deadline.start();
  expect([deadline.remaining(), deadline.remaining(590)]).toEqual([70, 10]);
  time.now = 700;
  expect(deadline.remaining()).toBe(0);
});

import { expect, it } from 'vitest';
import { SetClock } from './set-clock.js';

it('runs timers in the order of their times, each at its own time, also those that a timer sets', () => {
  const clock = new SetClock();
  const log: string[] = [];
  const note = (name: string) => () => void log.push(`${name} at ${clock.now()}`);
  clock.after(300, note('c'));
  clock.after(100, () => {
    note('a')();
    clock.after(50, note('b'));
  });
  clock.after(1_000, note('never'));
  clock.advance(99);
  expect(log).toEqual([]);
  clock.advanceTo(500);
  expect([log, clock.now()]).toEqual([['a at 100', 'b at 150', 'c at 300'], 500]);
});

it('never goes back', () => {
  const clock = new SetClock();
  clock.advanceTo(500);
  clock.advanceTo(400);
  expect([clock.now(), clock.wall()]).toEqual([500, 500]);
});

it('goes with its base, from which it is ahead', () => {
  let now = 1_000;
  const clock = new SetClock({ now: () => now, wall: () => 5_000 + now });
  clock.advance(10_000);
  now += 5;
  expect([clock.now(), clock.wall()]).toEqual([11_005, 16_005]);
});

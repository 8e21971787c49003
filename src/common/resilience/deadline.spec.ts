import { expect, it, vi } from 'vitest';
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

it('ends a wait when its time is over, extended by the stalls of this process to twice as long at most', () => {
  vi.useFakeTimers();
  let lost = 0;
  const clock = { now: () => Date.now(), wall: () => Date.now(), lostMs: () => lost };
  const [stalled, always] = [60, 1_000].map((ms) => {
    lost = 0;
    const signal = new Deadline(clock, 100).signal(undefined);
    lost = ms;
    const at = [99, 1, 59, 1, 40].map((step) => {
      vi.advanceTimersByTime(step);
      return signal.aborted;
    });
    return at;
  });
  vi.useRealTimers();
  expect(stalled).toEqual([false, false, false, true, true]);
  expect(always).toEqual([false, false, false, false, true]);
});

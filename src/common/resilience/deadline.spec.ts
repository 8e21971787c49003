import { expect, it, vi } from 'vitest';
import { CancellationSource } from '../cancellation.js';
import { systemClock } from '../clock.js';
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
    let isOver = false;
    new Deadline(clock, 100).watch(() => (isOver = true));
    lost = ms;
    const at = [99, 1, 59, 1, 40].map((step) => {
      vi.advanceTimersByTime(step);
      return isOver;
    });
    return at;
  });
  vi.useRealTimers();
  expect(stalled).toEqual([false, false, false, true, true]);
  expect(always).toEqual([false, false, false, false, true]);
});

it('ends a wait when its caller is gone, and leaves neither a timer nor a listener behind', () => {
  vi.useFakeTimers();
  const watched = () => {
    const caller = new CancellationSource();
    const listener = vi.fn<() => void>();
    return { caller, listener, watch: () => new Deadline(systemClock, 100).watch(listener, caller) };
  };
  const gone = watched();
  gone.watch();
  gone.caller.abort();
  const stopped = watched();
  stopped.watch()();
  stopped.caller.abort();
  expect([gone, stopped].map(({ listener }) => listener.mock.calls.length)).toEqual([1, 0]);
  expect(vi.getTimerCount()).toBe(0);

  const late = watched();
  late.caller.abort();
  late.watch();
  expect(late.listener).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(late.listener).toHaveBeenCalledOnce();
  vi.useRealTimers();
});

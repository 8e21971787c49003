import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { whenPast } from './when-past.js';

const HOUR = 3_600_000;
let wall = 0;
const clock = { now: () => 0, wall: () => wall };

beforeEach(() => {
  wall = 1_000_000;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 1000) {
    wall += 1000;
    vi.advanceTimersByTime(1000);
  }
}

it('calls at the date, once, and not before', () => {
  const call = vi.fn<() => void>();
  whenPast(clock, wall + 2 * HOUR, call);
  pass(2 * HOUR - 1000);
  expect(call).not.toHaveBeenCalled();
  pass(HOUR);
  expect(call).toHaveBeenCalledOnce();
});

it('calls soon for a date that is past, though not at once', () => {
  const call = vi.fn<() => void>();
  whenPast(clock, wall - HOUR, call);
  expect(call).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(call).toHaveBeenCalledOnce();
});

it('notices within a minute that the clock was set', () => {
  const call = vi.fn<() => void>();
  whenPast(clock, wall + HOUR, call);
  wall += 2 * HOUR;
  vi.advanceTimersByTime(60_000);
  expect(call).toHaveBeenCalledOnce();
});

it('looks once a minute, however far the date is', () => {
  const looks = vi.spyOn(clock, 'wall');
  whenPast(clock, wall + 1e15, () => undefined);
  vi.advanceTimersByTime(10 * 60_000);
  expect(looks.mock.calls.length).toBeLessThan(30);
  looks.mockRestore();
});

it('stops', () => {
  const call = vi.fn<() => void>();
  const stop = whenPast(clock, wall + HOUR, call);
  pass(HOUR / 2);
  stop();
  expect(vi.getTimerCount()).toBe(0);
});

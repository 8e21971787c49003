import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Stalls } from './clock.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const time = { skipped: 0 };
  const stalls = new Stalls(() => Date.now() + time.skipped);
  stalls.start();
  return { time, stalls };
}

it('loses nothing while its timer fires in time, or a little late', () => {
  const { time, stalls } = setUp();
  vi.advanceTimersByTime(1_000);
  time.skipped += 50;
  expect(stalls.lostMs()).toBe(0);
  vi.advanceTimersByTime(1_000);
  expect(stalls.lostMs()).toBe(0);
});

it('counts the time that the process stood still, at once and only once', () => {
  const { time, stalls } = setUp();
  vi.advanceTimersByTime(1_000);
  time.skipped += 3_000;
  expect(stalls.lostMs()).toBe(2_950);
  vi.advanceTimersByTime(50);
  expect(stalls.lostMs()).toBe(3_000);
  vi.advanceTimersByTime(1_000);
  expect(stalls.lostMs()).toBe(3_000);
});

it('watches until its last user stops it', () => {
  const { stalls } = setUp();
  stalls.start();
  stalls.stop();
  expect(vi.getTimerCount()).toBe(1);
  stalls.stop();
  expect(vi.getTimerCount()).toBe(0);
});

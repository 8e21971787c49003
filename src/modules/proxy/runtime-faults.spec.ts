import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RuntimeFaults } from './runtime-faults.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const FAULT = { abort: { percent: 1, status: 503 } };

function setUp() {
  const faults = new RuntimeFaults();
  const ended: string[] = [];
  faults.ended.on((route) => ended.push(route));
  return { faults, ended };
}

it('ends each fault after its time, and has nothing to look up afterwards', () => {
  const { faults, ended } = setUp();
  faults.set({ route: 'a', fault: FAULT, lasts: 1_000 });
  faults.set({ route: 'b', fault: FAULT, lasts: 3_000 });
  vi.advanceTimersByTime(1_000);
  expect([...(faults.active?.keys() ?? [])]).toEqual(['b']);
  expect(faults.left).toEqual([{ route: 'b', fault: FAULT, lasts: 2_000 }]);
  vi.advanceTimersByTime(2_000);
  expect(faults.active).toBeUndefined();
  expect(ended).toEqual(['a', 'b']);
});

it('counts the time of a fault that is set again from then on', () => {
  const { faults, ended } = setUp();
  faults.set({ route: 'a', fault: FAULT, lasts: 1_000 });
  vi.advanceTimersByTime(900);
  faults.set({ route: 'a', fault: FAULT, lasts: 1_000 });
  vi.advanceTimersByTime(900);
  expect(ended).toEqual([]);
});

it('reports no end of a fault that was withdrawn', () => {
  const { faults, ended } = setUp();
  faults.set({ route: 'a', fault: FAULT, lasts: 1_000 });
  faults.set({ route: 'a', fault: undefined, lasts: 0 });
  expect(faults.active).toBeUndefined();
  vi.advanceTimersByTime(5_000);
  expect(ended).toEqual([]);
});

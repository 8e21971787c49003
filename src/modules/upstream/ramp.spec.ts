import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Bulkhead } from '../../common/resilience/bulkhead.js';
import { Ramp } from './ramp.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('widens the bulkhead from a twentieth to its whole width in two seconds', () => {
  const bulkhead = new Bulkhead({ concurrent: 100, queue: 1_000, streams: 1 });
  const ramp = new Ramp(bulkhead);
  ramp.start();
  for (let i = 0; i < 200; i++) void bulkhead.enter(() => () => undefined);
  expect(bulkhead.inFlight).toBe(5);
  vi.advanceTimersByTime(1_000);
  expect(bulkhead.inFlight).toBe(55);
  vi.advanceTimersByTime(1_000);
  expect(bulkhead.inFlight).toBe(100);
  expect(vi.getTimerCount()).toBe(0);
});

it('starts over when the upstream recovers again, and leaves no timer when stopped', () => {
  const bulkhead = new Bulkhead({ concurrent: 100, queue: 1_000, streams: 1 });
  const ramp = new Ramp(bulkhead);
  ramp.start();
  ramp.start();
  expect(vi.getTimerCount()).toBe(1);
  ramp.stop();
  expect(vi.getTimerCount()).toBe(0);
});

import { describe, expect, it, vi } from 'vitest';
import { SingleFlight } from './single-flight.js';

describe('SingleFlight', () => {
  it('lets the others wait for the first, key by key', async () => {
    const flights = new SingleFlight();
    expect(flights.join('a', 1000)).toBeUndefined();
    const land = flights.lead('a');
    const [first, second] = [flights.join('a', 1000), flights.join('a', 1000)];
    expect(flights.join('b', 1000)).toBeUndefined();
    land('stored');
    expect([await first, await second]).toEqual(['stored', 'stored']);
    expect(flights.join('a', 1000)).toBeUndefined();
  });

  it('says when the first has left', async () => {
    const flights = new SingleFlight();
    const land = flights.lead('a');
    const waiting = flights.join('a', 1000);
    land('gone');
    land('stored');
    expect(await waiting).toBe('gone');
  });

  it('ends no flight but its own', () => {
    const flights = new SingleFlight();
    const first = flights.lead('a');
    first('stored');
    flights.lead('a');
    first('stored');
    expect(flights.isFlying('a')).toBe(true);
  });

  it('lets nobody wait for longer than they want', async () => {
    vi.useFakeTimers();
    const flights = new SingleFlight();
    flights.lead('a');
    const waiting = flights.join('a', 1000);
    vi.advanceTimersByTime(1000);
    expect(await waiting).toBe('timeout');
    vi.useRealTimers();
  });
});

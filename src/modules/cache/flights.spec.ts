import { afterEach, describe, expect, it, vi } from 'vitest';
import { Flight } from './flights.js';

describe('Flight', () => {
  afterEach(() => void vi.useRealTimers());

  it('tells all who wait how the flight of their name ended', async () => {
    const flights = new Map<string, Flight>();
    const flight = new Flight(flights, 'a');
    expect([flights.get('a'), flights.get('b')]).toEqual([flight, undefined]);
    const waiting = [flight.wait(1000), flight.wait(1000)];
    flight.land('stored');
    expect(await Promise.all(waiting)).toEqual(['stored', 'stored']);
    expect(flights.get('a')).toBeUndefined();
  });

  it('counts the first result alone', async () => {
    const flight = new Flight(new Map(), 'a');
    const waiting = flight.wait(1000);
    flight.land('abandoned');
    flight.land('stored');
    expect(await waiting).toBe('abandoned');
  });

  it('keeps a later flight when an earlier one lands again', () => {
    const flights = new Map<string, Flight>();
    const first = new Flight(flights, 'a');
    first.land('stored');
    const second = new Flight(flights, 'a');
    first.land('stored');
    expect(flights.get('a')).toBe(second);
  });

  it('ends the wait after its timeout and leaves no timer behind', async () => {
    vi.useFakeTimers();
    const flight = new Flight(new Map(), 'a');
    const waiting = [flight.wait(1000), flight.wait(5000)];
    vi.advanceTimersByTime(1000);
    expect(await waiting[0]).toBe('timeout');
    flight.land('failed');
    expect(await waiting[1]).toBe('failed');
    expect(vi.getTimerCount()).toBe(0);
  });
});

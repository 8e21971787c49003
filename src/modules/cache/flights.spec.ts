import { beforeEach, afterEach, describe, expect, it, vi } from 'vitest';
import { CancellationSource } from '../../common/cancellation.js';
import { type Clock, systemClock } from '../../common/clock.js';
import { Flight, type FlightResult, type NextStep, type WaitResult } from './flights.js';

/** Without stalls: fake timers would look like one. */
const clock: Clock = { now: () => systemClock.now(), wall: () => systemClock.wall() };

let flights: Map<string, Flight>;
let flight: Flight;

beforeEach(() => {
  vi.useFakeTimers();
  flights = new Map();
  flight = new Flight(flights, 'a', clock);
});
afterEach(() => void vi.useRealTimers());

/** Joins a flight and keeps what happens to the waiter. */
function join(to: Flight, step: (result: FlightResult) => NextStep, timeout = 1_000) {
  const gone = new CancellationSource();
  const waiter = { gone, seen: [] as FlightResult[], result: undefined as WaitResult | undefined };
  const use = (result: FlightResult) => {
    waiter.seen.push(result);
    return step(result);
  };
  void to.join({ until: clock.now() + timeout, gone, use }).then((result) => (waiter.result = result));
  return waiter;
}

const again = (): NextStep => ({ next: 'a' });

describe('Flight', () => {
  it('gives its first result to all who wait', async () => {
    const waiting = [join(flight, () => 'answered'), join(flight, () => 'alone')];
    flight.settle('found');
    flight.settle('failed');
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.map(({ seen, result }) => [seen, result])).toEqual([
      [['found'], 'answered'],
      [['found'], 'alone'],
    ]);
    expect([flights.get('a'), vi.getTimerCount()]).toEqual([undefined, 0]);
  });

  it('makes one waiter lead the next flight, which the others join', async () => {
    const waiting = [join(flight, again), join(flight, again), join(flight, again)];
    flight.settle('abandoned');
    await vi.advanceTimersByTimeAsync(0);
    const next = flights.get('a');
    expect(next).not.toBe(flight);
    expect(waiting.map(({ result }) => result)).toEqual([next, undefined, undefined]);
    next?.settle('abandoned');
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting[1]?.result).toBe(flights.get('a'));
    expect(waiting[2]?.result).toBeUndefined();
  });

  it('makes one waiter of each variant lead a flight of that name', async () => {
    const waiting = ['b', 'c', 'b'].map((name) => join(flight, () => ({ next: name })));
    flight.settle('found');
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.map(({ result }) => result)).toEqual([flights.get('b'), flights.get('c'), undefined]);
  });

  it('keeps a later flight of its name when it is settled once more', () => {
    flight.settle('found');
    const second = new Flight(flights, 'a', clock);
    flight.settle('found');
    expect(flights.get('a')).toBe(second);
  });

  it('ends each wait at its deadline and leaves no timer behind', async () => {
    const [long, short] = [join(flight, () => 'answered', 5_000), join(flight, () => 'answered')];
    await vi.advanceTimersByTimeAsync(999);
    expect(short.result).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2);
    expect([long.result, short.result]).toEqual([undefined, 'timeout']);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([long.result, vi.getTimerCount()]).toEqual(['timeout', 0]);
  });

  it('ends a wait for a body after the lock time, which does not run before the head', async () => {
    const waiters = [join(flight, again, 60_000), join(flight, again, Infinity)];
    const results = () => waiters.map(({ result }) => result);
    await vi.advanceTimersByTimeAsync(20_000);
    flight.onHead();
    await vi.advanceTimersByTimeAsync(3_000);
    waiters.push(join(flight, again, 60_000));
    flight.onHead();
    await vi.advanceTimersByTimeAsync(1_999);
    expect(results()).toEqual([undefined, undefined, undefined]);
    await vi.advanceTimersByTimeAsync(2);
    expect(results()).toEqual(['alone', 'alone', undefined]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect([results().at(-1), vi.getTimerCount()]).toEqual(['alone', 0]);
  });

  it('waits for the next head until the deadline, however long it has waited for a body', async () => {
    const [leader, waiter] = [join(flight, again, 60_000), join(flight, again, 30_000)];
    flight.onHead();
    await vi.advanceTimersByTimeAsync(4_000);
    flight.settle('abandoned');
    await vi.advanceTimersByTimeAsync(25_000);
    expect([leader.result, waiter.result]).toEqual([flights.get('a'), undefined]);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(waiter.result).toBe('timeout');
  });

  it('waits for a body beyond the deadline for the head, and then lets the next request lead', async () => {
    const first = join(flight, again);
    await vi.advanceTimersByTimeAsync(900);
    flight.onHead();
    await vi.advanceTimersByTimeAsync(4_000);
    const second = join(flight, again);
    expect([first.result, flights.get('a')]).toEqual([undefined, flight]);
    await vi.advanceTimersByTimeAsync(1_001);
    expect([first.result, second.result, flights.get('a')]).toEqual(['alone', undefined, undefined]);
    flight.settle('found');
    await vi.advanceTimersByTimeAsync(0);
    expect([second.seen, second.result]).toEqual([['found'], 'alone']);
  });

  it('extends a wait by the time in which the process stood still', async () => {
    let lost = 0;
    const stalling = new Flight(flights, 'a', { ...clock, lostMs: () => lost });
    const waiters = [join(stalling, again), join(stalling, again, 1_200)];
    lost = 600;
    await vi.advanceTimersByTimeAsync(1_590);
    expect(waiters.map(({ result }) => result)).toEqual([undefined, undefined]);
    await vi.advanceTimersByTimeAsync(20);
    expect(waiters.map(({ result }) => result)).toEqual(['timeout', undefined]);
    stalling.settle('failed');
    await vi.advanceTimersByTimeAsync(0);
    expect(waiters[1]?.result).toBe(flights.get('a'));
  });

  it('lets nobody lead whose deadline has passed', async () => {
    const waiter = join(flight, again);
    vi.setSystemTime(Date.now() + 2_000);
    await vi.advanceTimersByTimeAsync(1_000);
    flight.settle('failed');
    await vi.advanceTimersByTimeAsync(0);
    expect([waiter.result, flights.get('a')]).toEqual(['timeout', undefined]);
  });

  it('forgets a waiter whose client has left', async () => {
    const [first, second] = [join(flight, again), join(flight, again)];
    first.gone.abort();
    flight.settle('abandoned');
    await vi.advanceTimersByTimeAsync(0);
    expect([first.result, first.seen, second.result]).toEqual(['alone', [], flights.get('a')]);
  });
});

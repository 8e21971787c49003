import { describe, expect, it } from 'vitest';
import { Bulkhead, BulkheadFullError } from './bulkhead.js';

const never = () => new AbortController().signal;

describe('Bulkhead', () => {
  it('admits calls, then queues them in order, then rejects them', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 2 });
    expect(bulkhead.enter(never)).toBeUndefined();
    const order: string[] = [];
    const second = bulkhead.enter(never)?.then(() => order.push('second'));
    const third = bulkhead.enter(never)?.then(() => order.push('third'));
    await expect(bulkhead.enter(never)).rejects.toThrow(BulkheadFullError);
    expect([bulkhead.inFlight, bulkhead.queued]).toEqual([1, 2]);
    bulkhead.leave();
    await second;
    expect(order).toEqual(['second']);
    bulkhead.leave();
    await third;
    bulkhead.leave();
    expect([bulkhead.inFlight, bulkhead.queued]).toEqual([0, 0]);
  });

  it('keeps the places of calls when it narrows, and admits waiting calls when it widens', async () => {
    const bulkhead = new Bulkhead({ concurrent: 4, queue: 9 });
    for (let i = 0; i < 3; i++) void bulkhead.enter(never);
    bulkhead.open(0.5);
    expect(bulkhead.inFlight).toBe(3);
    const waiting = [bulkhead.enter(never), bulkhead.enter(never)];
    bulkhead.leave();
    expect([bulkhead.inFlight, bulkhead.queued]).toEqual([2, 2]);
    bulkhead.leave();
    expect([bulkhead.inFlight, bulkhead.queued]).toEqual([2, 1]);
    bulkhead.open(0);
    bulkhead.leave();
    bulkhead.leave();
    for (const each of waiting) await each;
    expect([bulkhead.inFlight, bulkhead.queued]).toEqual([1, 0]);
    bulkhead.open(1);
    expect(bulkhead.enter(never)).toBeUndefined();
  });

  it('is as wide as its ramp and its ceiling allow, and admits waiting calls when either rises', async () => {
    const bulkhead = new Bulkhead({ concurrent: 10, queue: 10 });
    bulkhead.narrow(4);
    expect(bulkhead.limit).toBe(4);
    bulkhead.open(0.2);
    expect(bulkhead.limit).toBe(2);
    const waiting = [0, 1, 2].map(() => bulkhead.enter(never));
    expect(bulkhead.queued).toBe(1);
    bulkhead.open(1);
    await waiting[2];
    expect([bulkhead.limit, bulkhead.inFlight, bulkhead.queued]).toEqual([4, 3, 0]);
  });

  it('holds no place for a waiting call that gives up', async () => {
    const bulkhead = new Bulkhead({ concurrent: 1, queue: 1 });
    void bulkhead.enter(never);
    const gone = new AbortController();
    const waiting = bulkhead.enter(() => gone.signal);
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(bulkhead.queued).toBe(0);
    bulkhead.leave();
    expect(bulkhead.inFlight).toBe(0);
    expect(bulkhead.enter(never)).toBeUndefined();
  });
});

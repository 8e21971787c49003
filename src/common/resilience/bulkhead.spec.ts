import { describe, expect, it } from 'vitest';
import { Bulkhead, BulkheadFullError } from './bulkhead.js';

const never = () => new AbortController().signal;

describe('Bulkhead', () => {
  it('takes places at once, then queues in order, then refuses', async () => {
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

  it('lets a waiting call give up without holding a place', async () => {
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

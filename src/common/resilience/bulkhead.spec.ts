import { describe, expect, it } from 'vitest';
import { Bulkhead, BulkheadFullError, type BulkheadOptions, type Place } from './bulkhead.js';

const never = () => () => undefined;

/** @returns a bulkhead, and a function that takes places which must be free */
function setUp(options: Partial<BulkheadOptions>) {
  const bulkhead = new Bulkhead({ concurrent: 1, queue: 9, streams: 9, ...options });
  const take = (count: number) => Array.from({ length: count }, () => bulkhead.enter(never) as Place);
  return { bulkhead, take };
}

const countsOf = ({ inFlight, streams, queued }: Bulkhead) => [inFlight, streams, queued];

describe('Bulkhead', () => {
  it('admits calls, then queues them in order, then rejects them', async () => {
    const { bulkhead, take } = setUp({ queue: 2 });
    const [first] = take(1);
    const order: string[] = [];
    const waiting = async (name: string) => {
      const place = await bulkhead.enter(never);
      order.push(name);
      return place;
    };
    const second = waiting('second');
    const third = waiting('third');
    await expect(bulkhead.enter(never)).rejects.toThrow(BulkheadFullError);
    expect(countsOf(bulkhead)).toEqual([1, 0, 2]);
    first?.leave();
    await second;
    expect(order).toEqual(['second']);
    (await second).leave();
    (await third).leave();
    expect(countsOf(bulkhead)).toEqual([0, 0, 0]);
  });

  it('keeps the places of calls when it narrows, and admits waiting calls when it widens', async () => {
    const { bulkhead, take } = setUp({ concurrent: 4 });
    const [first, second, third] = take(3);
    bulkhead.open(0.5);
    expect(bulkhead.inFlight).toBe(3);
    const waiting = [bulkhead.enter(never), bulkhead.enter(never)];
    first?.leave();
    expect(countsOf(bulkhead)).toEqual([2, 0, 2]);
    second?.leave();
    expect(countsOf(bulkhead)).toEqual([2, 0, 1]);
    bulkhead.open(0);
    third?.leave();
    (await waiting[0])?.leave();
    await waiting[1];
    expect(countsOf(bulkhead)).toEqual([1, 0, 0]);
    bulkhead.open(1);
    take(3);
    expect(countsOf(bulkhead)).toEqual([4, 0, 0]);
  });

  it('is as wide as its ramp and its ceiling allow, and admits waiting calls when either rises', async () => {
    const { bulkhead } = setUp({ concurrent: 10 });
    bulkhead.narrow(4);
    expect(bulkhead.limit).toBe(4);
    bulkhead.open(0.2);
    expect(bulkhead.limit).toBe(2);
    const waiting = [0, 1, 2].map(() => bulkhead.enter(never));
    expect(bulkhead.queued).toBe(1);
    bulkhead.open(1);
    await waiting[2];
    expect([bulkhead.limit, ...countsOf(bulkhead)]).toEqual([4, 3, 0, 0]);
  });

  it('holds no place for a waiting call that gives up', async () => {
    const { bulkhead, take } = setUp({});
    const [first] = take(1);
    let giveUp = () => undefined as void;
    const waiting = bulkhead.enter((end) => {
      giveUp = end;
      return () => undefined;
    });
    giveUp();
    await expect(waiting).rejects.toThrow(BulkheadFullError);
    first?.leave();
    expect(countsOf(bulkhead)).toEqual([0, 0, 0]);
  });

  it('stops watching a wait when it ends', async () => {
    const { bulkhead, take } = setUp({});
    const [first] = take(1);
    let watched = 0;
    const watch = () => {
      watched++;
      return () => void watched--;
    };
    const waiting = [bulkhead.enter(watch), bulkhead.enter(watch)];
    expect(watched).toBe(2);
    first?.leave();
    await waiting[0];
    expect(watched).toBe(1);
    bulkhead.dismiss();
    await expect(waiting[1]).rejects.toThrow(BulkheadFullError);
    expect(watched).toBe(0);
  });

  it('makes room for the next call when a call becomes a stream, and frees each place once', async () => {
    const { bulkhead, take } = setUp({});
    const [stream] = take(1);
    const waiting = bulkhead.enter(never);
    stream?.toStream();
    stream?.toStream();
    const call = await waiting;
    expect(countsOf(bulkhead)).toEqual([1, 1, 0]);
    stream?.leave();
    stream?.leave();
    stream?.toStream();
    call.leave();
    expect(countsOf(bulkhead)).toEqual([0, 0, 0]);
  });

  it('keeps the bodies among the calls for which there is no stream place', () => {
    const { bulkhead, take } = setUp({ concurrent: 3, streams: 1 });
    const [first, second] = take(2);
    first?.toStream();
    second?.toStream();
    expect([bulkhead.hasRoomForStream, ...countsOf(bulkhead)]).toEqual([false, 1, 1, 0]);
    second?.leave();
    expect(countsOf(bulkhead)).toEqual([0, 1, 0]);
  });

  it('makes a body that stayed among the calls a stream when another stream ends', async () => {
    const { bulkhead, take } = setUp({ concurrent: 3, streams: 1 });
    const [first, second, third] = take(3);
    for (const each of [first, second, third]) each?.answer();
    second?.leave();
    first?.leave();
    expect(countsOf(bulkhead)).toEqual([0, 1, 0]);
    third?.leave();
    expect(countsOf(bulkhead)).toEqual([0, 0, 0]);
  });

  it('leaves an upload that is complete among the calls when a stream ends', () => {
    const { bulkhead, take } = setUp({ concurrent: 3, streams: 1 });
    const [stream, upload] = take(2);
    stream?.answer();
    upload?.toStream();
    upload?.toCall();
    stream?.leave();
    expect(countsOf(bulkhead)).toEqual([1, 0, 0]);
  });

  it('reserves places for calls that become streams, until they are streams or leave', () => {
    const { bulkhead, take } = setUp({ concurrent: 4, streams: 2 });
    const [first, second, third, other] = take(4);
    expect([first, second, third].map((each) => each?.reserveStream())).toEqual([true, true, false]);
    other?.answer();
    expect(countsOf(bulkhead)).toEqual([4, 0, 0]);
    first?.answer();
    second?.leave();
    expect(countsOf(bulkhead)).toEqual([1, 2, 0]);
    for (const each of [first, third, other]) each?.leave();
    expect(countsOf(bulkhead)).toEqual([0, 0, 0]);
    expect(bulkhead.hasRoomForStream).toBe(true);
  });

  it('admits a stream that waits for the upstream again beyond `concurrent`, and no call before it is narrow again', () => {
    const { bulkhead, take } = setUp({});
    const [upload] = take(1);
    upload?.toStream();
    take(1);
    upload?.toCall();
    void bulkhead.enter(never);
    expect(countsOf(bulkhead)).toEqual([2, 0, 1]);
    upload?.leave();
    expect(countsOf(bulkhead)).toEqual([1, 0, 1]);
  });

  it('keeps a call that has its response head among the streams, even when its upload ends later', () => {
    const { bulkhead, take } = setUp({});
    const [call] = take(1);
    call?.answer();
    call?.toCall();
    expect(countsOf(bulkhead)).toEqual([0, 1, 0]);
  });

  it('admits no more calls and streams together than there are connections', () => {
    const { bulkhead, take } = setUp({ concurrent: 5, connections: 2 });
    const [stream] = take(1);
    stream?.toStream();
    take(1);
    void bulkhead.enter(never);
    expect(countsOf(bulkhead)).toEqual([1, 1, 1]);
    stream?.leave();
    expect(countsOf(bulkhead)).toEqual([2, 0, 0]);
  });
});

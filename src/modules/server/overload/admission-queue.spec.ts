import { beforeEach, describe, expect, it } from 'vitest';
import type { Priority } from '../../config/gateway-config.js';
import { AdmissionQueue, MAX_REJECTIONS, MAX_STARTS } from './admission-queue.js';

describe('AdmissionQueue', () => {
  let now: number;
  let turns: (() => void)[];
  let started: string[];
  let rejected: string[];
  let gone: Set<string>;
  let isOverloaded: boolean;
  /** Milliseconds that it takes to start a request. */
  let cost: number;
  let queue: AdmissionQueue;

  const arrive = (name: string, priority: Priority = 'normal') => {
    const start = () => {
      now += cost;
      started.push(name);
    };
    if (queue.hasRoom(now)) start();
    else
      queue.add({
        priority,
        at: now,
        isGone: () => gone.has(name),
        start,
        reject: () => rejected.push(name),
      });
  };
  const arriveMany = (count: number, priority?: Priority) => {
    for (let i = 0; i < count; i++) arrive(`${priority ?? ''}${i}`, priority);
  };
  const turn = () => {
    for (const callback of turns.splice(0)) callback();
  };

  beforeEach(() => {
    now = 1_000;
    turns = [];
    started = [];
    rejected = [];
    gone = new Set();
    isOverloaded = false;
    cost = 0;
    queue = new AdmissionQueue({
      now: () => now,
      nextTurn: (callback) => void turns.push(callback),
      isOverloaded: () => isOverloaded,
      longestWait: (priority) => ({ low: 50, normal: 100, high: 200 })[priority],
      reject: (request) => request.reject(),
    });
  });

  it('starts requests at once while there are few in a turn', () => {
    arriveMany(MAX_STARTS);
    expect(started).toHaveLength(MAX_STARTS);
    turn();
    arriveMany(MAX_STARTS);
    expect(started).toHaveLength(2 * MAX_STARTS);
  });

  it('starts the others in the next turns, in the order of their arrival', () => {
    arriveMany(2 * MAX_STARTS + 1);
    expect(started).toHaveLength(MAX_STARTS);
    expect(queue.oldest).toBe(1_000);
    turn();
    expect(started).toHaveLength(2 * MAX_STARTS);
    arrive('later');
    turn();
    expect(started.slice(-2)).toEqual([String(2 * MAX_STARTS), 'later']);
    expect(queue.oldest).toBeUndefined();
    turn();
    expect(turns).toEqual([]);
  });

  it('starts few requests in a turn when they are expensive', () => {
    cost = 5;
    arriveMany(3);
    expect(started).toEqual(['0']);
    turn();
    expect(started).toEqual(['0', '1']);
    turn();
    expect(started).toEqual(['0', '1', '2']);
  });

  it('rejects nothing while there is no overload, however long it waits', () => {
    arriveMany(MAX_STARTS + 1);
    now += 60_000;
    turn();
    expect(started).toHaveLength(MAX_STARTS + 1);
    expect(rejected).toEqual([]);
  });

  it('starts by priority, and the oldest of a priority first', () => {
    arriveMany(MAX_STARTS);
    for (const name of ['low', 'normal', 'high', 'low', 'normal', 'high'] as const) arrive(name, name);
    arrive('last');
    turn();
    expect(started.slice(MAX_STARTS).join(' ')).toBe('high high normal normal last low low');
  });

  it('starts the newest of a priority first during an overload', () => {
    isOverloaded = true;
    arriveMany(MAX_STARTS);
    for (const name of ['low1', 'low2', 'high1', 'high2'])
      arrive(name, name.startsWith('low') ? 'low' : 'high');
    turn();
    expect(started.slice(MAX_STARTS)).toEqual(['high2', 'high1', 'low2', 'low1']);
  });

  it('rejects those that have waited for too long, by their priority', () => {
    isOverloaded = true;
    arriveMany(MAX_STARTS);
    for (const priority of ['high', 'normal', 'low'] as const) arrive(priority, priority);
    const pass = (ms: number) => {
      now += ms;
      // Others take the place of those that wait.
      arriveMany(MAX_STARTS, 'high');
      turn();
    };
    pass(50);
    expect(rejected).toEqual([]);
    pass(1);
    expect(rejected).toEqual(['low']);
    pass(50);
    expect(rejected).toEqual(['low', 'normal']);
    pass(100);
    expect(rejected).toEqual(['low', 'normal', 'high']);
  });

  it('starts no request during an overload that has waited for too long, while others arrive', () => {
    isOverloaded = true;
    arriveMany(MAX_STARTS);
    arriveMany(2 * MAX_REJECTIONS, 'low');
    now += 51;
    arrive('new');
    turn();
    expect(started.slice(MAX_STARTS)).toEqual(['new']);
    expect(rejected).toHaveLength(MAX_REJECTIONS);
  });

  it('rejects few in a turn', () => {
    isOverloaded = true;
    arriveMany(MAX_STARTS);
    arriveMany(100, 'low');
    now += 51;
    arriveMany(2 * MAX_STARTS);
    turn();
    expect(rejected).toHaveLength(MAX_REJECTIONS);
    turn();
    expect(rejected).toHaveLength(2 * MAX_REJECTIONS);
    expect(started).toHaveLength(3 * MAX_STARTS);
  });

  it('rejects nobody in whose place nobody else starts', () => {
    isOverloaded = true;
    arriveMany(MAX_STARTS);
    arriveMany(2 * MAX_STARTS, 'low');
    now += 51;
    turn();
    expect(rejected).toHaveLength(MAX_REJECTIONS);
    while (turns.length > 0) turn();
    expect(rejected).toHaveLength(MAX_REJECTIONS);
    expect(started).toHaveLength(3 * MAX_STARTS - MAX_REJECTIONS);
  });

  it('forgets requests whose clients have left', () => {
    arriveMany(MAX_STARTS + 2);
    gone.add(String(MAX_STARTS));
    turn();
    expect(started).toHaveLength(MAX_STARTS + 1);
  });

  it('keeps its order through more requests than it keeps emptied slots', () => {
    arriveMany(5_000);
    while (turns.length > 0) turn();
    expect(started).toEqual(Array.from({ length: 5_000 }, (_, i) => String(i)));
  });
});

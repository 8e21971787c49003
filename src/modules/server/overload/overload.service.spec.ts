import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { configOf } from '../../../../test/support/gateway.js';
import { SetClock } from '../../../common/set-clock.js';
import { ConfigStore } from '../../config/config.store.js';
import type { ProcessRole } from '../../config/config.tokens.js';
import type { Priority } from '../../config/gateway-config.js';
import { MAX_REJECTIONS, MAX_STARTS } from './admission-queue.js';
import { CHECKS } from './delay-watch.js';
import { Overload, type OverloadChange } from './overload.service.js';

const yaml = (server: string) => `server: { ${server} }\nupstreams: {}\nroutes: []\n`;

const memory = { used: 0 };

describe('Overload', () => {
  let clock: SetClock;
  let overload: Overload;
  let changes: OverloadChange[];
  let answers: string[];
  let turns: (() => void)[];

  const start = (server = '', role: ProcessRole = 'only') => {
    overload = new Overload(new ConfigStore(configOf(yaml(server))), clock, role, memory);
    overload.changed.on((change) => changes.push(change));
    overload.onModuleInit();
  };
  const arrive = (priority: Priority = 'normal') => {
    if (overload.queue.hasRoom(clock.now())) answers.push('started');
    else
      overload.hold({
        priority,
        at: clock.now(),
        isGone: () => false,
        start: () => answers.push('started'),
        reject: () => answers.push(`${priority} rejected`),
      });
  };
  const rejected = () => answers.filter((answer) => answer.endsWith('rejected')).length;
  const turn = () => {
    for (const callback of turns.splice(0)) callback();
  };
  /** Lets milliseconds pass, in which the event loop turns. */
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      turn();
      vi.advanceTimersByTime(10);
    }
  };
  /** Lets checks pass in which more requests arrive than can be started. */
  const flood = (checks: number) => {
    for (let i = 0; i < checks; i++) {
      for (let j = 0; j < 10 * MAX_STARTS; j++) arrive();
      clock.advance(100);
      turn();
      vi.advanceTimersByTime(100);
    }
  };

  beforeEach(() => {
    turns = [];
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    vi.stubGlobal('setImmediate', (callback: () => void) => void turns.push(callback));
    memory.used = 0;
    clock = new SetClock();
    changes = [];
    answers = [];
  });
  afterEach(() => {
    overload.onApplicationShutdown();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it('is none while requests start in time', () => {
    start();
    for (let second = 0; second < 3; second++) {
      for (let i = 0; i < 4 * MAX_STARTS; i++) arrive();
      pass(1_000);
    }
    expect(changes).toEqual([]);
    expect(new Set(answers)).toEqual(new Set(['started']));
    expect(answers).toHaveLength(12 * MAX_STARTS);
  });

  it('is none after one stall, and what has arrived meanwhile is started', () => {
    start();
    pass(1_000);
    for (let i = 0; i < 100; i++) arrive('low');
    // The timer fires once, however long the process stood still.
    clock.advance(5_000);
    vi.advanceTimersByTime(100);
    for (let i = 0; i < 100; i++) arrive('low');
    pass(3_000);
    expect(changes).toEqual([]);
    expect(answers).toEqual(Array.from({ length: 200 }, () => 'started'));
  });

  it('begins when requests have waited for too long over a whole second', () => {
    start();
    flood(CHECKS);
    expect(changes).toEqual([]);
    flood(1);
    expect(changes).toEqual([{ reason: 'delay', isOver: false, rejected: 0 }]);
    expect(overload.isActive('delay')).toBe(true);
    expect(new Set(answers)).toEqual(new Set(['started']));
  });

  it('rejects what has waited for too long, low priority first, and is over when nothing does', () => {
    start();
    flood(CHECKS + 1);
    pass(1_000);
    expect(overload.isActive('delay')).toBe(true);
    const before = rejected();
    expect(before).toBeGreaterThan(0);
    answers = [];
    for (const priority of ['normal', 'low', 'normal', 'high'] as const)
      for (let i = 0; i < MAX_STARTS; i++) arrive(priority);
    clock.advance(75);
    turn();
    expect(answers.slice(MAX_STARTS)).toEqual([
      ...Array.from({ length: MAX_STARTS }, () => 'started'),
      ...Array.from({ length: MAX_REJECTIONS }, () => 'low rejected'),
    ]);
    pass(3_000);
    const [, end] = changes;
    expect(end).toEqual({ reason: 'delay', isOver: true, rejected: before + rejected() });
  });

  it('rejects when memory is short, and no longer when it is not', () => {
    start('overload: { maxMemory: 90% }');
    memory.used = 0.92;
    pass(3_000);
    expect(changes).toEqual([{ reason: 'memory', isOver: false, rejected: 0 }]);
    arrive('low');
    arrive('normal');
    expect(answers).toEqual(['low rejected', 'normal rejected']);
    memory.used = 0.5;
    pass(1_000);
    expect(changes.at(-1)).toEqual({ reason: 'memory', isOver: true, rejected: 2 });
    arrive('low');
    expect(answers.at(-1)).toBe('started');
  });

  it('is none when it is off, and in a primary, which serves no requests', () => {
    memory.used = 1;
    for (const [server, role] of [
      ['overload: off', 'only'],
      ['', 'primary'],
    ] as const) {
      start(server, role);
      flood(20);
      pass(4_000);
      expect(changes).toEqual([]);
      overload.onApplicationShutdown();
    }
  });
});

import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Event } from '../../common/event.js';
import type { ProcessRole } from '../config/config.tokens.js';
import type { ProbeResult } from '../upstream/probe-record.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import type { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { ProbeIndicator } from './probe.indicator.js';
import { ProbeScheduler } from './probe.scheduler.js';

const HEALTH = { path: '/health', interval: 15_000, unhealthyInterval: 3_000 };

let terminus: INestApplicationContext;

beforeAll(async () => {
  const module = TerminusModule.forRoot({ logger: false });
  terminus = await NestFactory.createApplicationContext(module, { logger: false });
});
afterAll(() => terminus.close());
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Options {
  random?: number;
  isProbed?: boolean;
  breaker?: string;
  role?: ProcessRole;
}

/** @returns a scheduler for one upstream with two targets; the probes of those in `down` fail */
function start({ random = 0.5, isProbed = true, breaker = 'closed', role = 'only' }: Options = {}) {
  const down = new Set<string>();
  const probes: string[] = [];
  const reported: boolean[] = [];
  const removed = new Event<UpstreamProxy>();
  const upstream = {
    id: 'users',
    config: isProbed ? { health: HEALTH } : {},
    targets: { all: [{ url: 'a' }, { url: 'b' }], availableCount: 2 },
    breaker: { state: breaker },
    changed: new Event<void>(),
    probes: {
      report: (results: ProbeResult[]) => void reported.push(results.some(({ passed }) => passed)),
    },
  };
  const indicator = {
    probe: ({ url }: { url: string }) => {
      probes.push(url);
      return Promise.resolve({ [url]: { status: down.has(url) ? 'down' : 'up', probe: '200' } });
    },
  };
  const scheduler = new ProbeScheduler(
    // The scheduler uses no other members.
    {
      each: (listener: (each: UpstreamProxy) => void) => listener(upstream as unknown as UpstreamProxy),
      removed,
    } as unknown as UpstreamRegistry,
    indicator as unknown as ProbeIndicator,
    terminus.get(HealthCheckService),
    () => random,
    role,
  );
  scheduler.onApplicationBootstrap();
  return { scheduler, upstream, down, reported, rounds: () => probes.length / 2 };
}

/** Runs the next round of probes. @returns milliseconds until it started */
async function untilNext({ rounds }: { rounds: () => number }): Promise<number> {
  const [before, from] = [rounds(), Date.now()];
  await vi.advanceTimersToNextTimerAsync();
  expect(rounds()).toBe(before + 1);
  return Date.now() - from;
}

describe('ProbeScheduler', () => {
  it('probes at once, and then every `interval` while all targets pass', async () => {
    const probing = start();
    expect([await untilNext(probing), await untilNext(probing), await untilNext(probing)]).toEqual([
      0, 15_000, 15_000,
    ]);
    expect(probing.reported).toEqual([true, true, true]);
  });

  it.each([[['a']], [['a', 'b']]])('probes every `unhealthyInterval` while %j fail', async (names) => {
    const probing = start();
    await untilNext(probing);
    for (const name of names) probing.down.add(name);
    expect([await untilNext(probing), await untilNext(probing)]).toEqual([15_000, 3_000]);
    expect(probing.reported.slice(1)).toEqual(names.length === 2 ? [false, false] : [true, true]);
    probing.down.clear();
    expect([await untilNext(probing), await untilNext(probing)]).toEqual([3_000, 15_000]);
  });

  it('probes every `unhealthyInterval` while the breaker is not closed, even when all targets pass', async () => {
    const probing = start({ breaker: 'open' });
    await untilNext(probing);
    expect(await untilNext(probing)).toBe(3_000);
    probing.upstream.breaker.state = 'closed';
    expect([await untilNext(probing), await untilNext(probing)]).toEqual([3_000, 15_000]);
  });

  it('probes every `unhealthyInterval` while a target is ejected, even when all targets pass', async () => {
    const probing = start();
    probing.upstream.targets.availableCount = 1;
    await untilNext(probing);
    expect(await untilNext(probing)).toBe(3_000);
    probing.upstream.targets.availableCount = 2;
    expect([await untilNext(probing), await untilNext(probing)]).toEqual([3_000, 15_000]);
  });

  it.each([
    [0, 13_500],
    [1, 16_500],
  ])('varies the interval by a tenth: %d', async (random, interval) => {
    const probing = start({ random });
    await untilNext(probing);
    expect(await untilNext(probing)).toBe(interval);
  });

  it('does not probe without `health`, or after the shutdown', async () => {
    const without = start({ isProbed: false });
    const ended = start();
    ended.scheduler.onApplicationShutdown();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([without.rounds(), ended.rounds()]).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves the probes to the primary in a worker', async () => {
    const worker = start({ role: 'worker' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(worker.rounds()).toBe(0);
  });

  it('starts no timer when the shutdown comes during a probe', async () => {
    const probing = start();
    vi.advanceTimersToNextTimer();
    probing.scheduler.onApplicationShutdown();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(probing.rounds()).toBe(1);
    expect(probing.reported).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

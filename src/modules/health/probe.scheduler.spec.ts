import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProbeResult, UpstreamProxy } from '../upstream/upstream-proxy.js';
import type { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { ProbeIndicator } from './probe.indicator.js';
import { ProbeScheduler } from './probe.scheduler.js';

const HEALTH = { path: '/health', interval: 15_000, unhealthyInterval: 3_000 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A scheduler over one upstream of two targets; `down` names those whose probes fail. */
function start({ random = 0.5, isProbed = true, breaker = 'closed' } = {}) {
  const down = new Set<string>();
  const probes: string[] = [];
  const told: boolean[] = [];
  const upstream = {
    id: 'users',
    config: isProbed ? { health: HEALTH } : {},
    targets: { all: [{ name: 'a' }, { name: 'b' }], recordProbe: () => undefined },
    breaker: { state: breaker },
    reportProbe: ({ passed }: ProbeResult) => void told.push(passed),
  };
  const indicator = {
    probe: ({ name }: { name: string }) => {
      probes.push(name);
      return Promise.resolve({ [name]: { status: down.has(name) ? 'down' : 'up', probe: '200' } });
    },
  };
  const scheduler = new ProbeScheduler(
    // What the scheduler knows of them.
    { all: () => [upstream as unknown as UpstreamProxy] } as unknown as UpstreamRegistry,
    indicator as unknown as ProbeIndicator,
    () => random,
  );
  scheduler.onApplicationBootstrap();
  return { scheduler, upstream, down, told, rounds: () => probes.length / 2 };
}

/** Milliseconds until the next round of probes, which it lets happen. */
async function untilNext({ rounds }: { rounds: () => number }): Promise<number> {
  const [before, from] = [rounds(), Date.now()];
  await vi.advanceTimersToNextTimerAsync();
  expect(rounds()).toBe(before + 1);
  return Date.now() - from;
}

describe('ProbeScheduler', () => {
  it('probes at once, and then every `interval` while all is well', async () => {
    const probing = start();
    expect([await untilNext(probing), await untilNext(probing), await untilNext(probing)]).toEqual([
      0, 15_000, 15_000,
    ]);
    expect(probing.told).toEqual([true, true, true]);
  });

  it.each([[['a']], [['a', 'b']]])('probes every `unhealthyInterval` while %j fail', async (names) => {
    const probing = start();
    await untilNext(probing);
    for (const name of names) probing.down.add(name);
    expect([await untilNext(probing), await untilNext(probing)]).toEqual([15_000, 3_000]);
    expect(probing.told.slice(1)).toEqual(names.length === 2 ? [false, false] : [true, true]);
    probing.down.clear();
    expect([await untilNext(probing), await untilNext(probing)]).toEqual([3_000, 15_000]);
  });

  it('probes every `unhealthyInterval` while the breaker is not closed, however good the probes', async () => {
    const probing = start({ breaker: 'open' });
    await untilNext(probing);
    expect(await untilNext(probing)).toBe(3_000);
    probing.upstream.breaker.state = 'closed';
    expect([await untilNext(probing), await untilNext(probing)]).toEqual([3_000, 15_000]);
  });

  it.each([
    [0, 13_500],
    [1, 16_500],
  ])('is spread by a tenth either way: %d', async (random, interval) => {
    const probing = start({ random });
    await untilNext(probing);
    expect(await untilNext(probing)).toBe(interval);
  });

  it('probes nothing without `health`, and nothing after the end', async () => {
    const without = start({ isProbed: false });
    const ended = start();
    ended.scheduler.onApplicationShutdown();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([without.rounds(), ended.rounds()]).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('starts no new wait when it ends during a probe', async () => {
    const probing = start();
    vi.advanceTimersToNextTimer();
    probing.scheduler.onApplicationShutdown();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(probing.rounds()).toBe(1);
    expect(probing.told).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

import { describe, expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { BALANCERS } from './balancing/balancers.js';
import { TargetSet } from './target-set.js';

/** A seeded generator: the same run each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function setUp(balancer: string, seed: number) {
  const random = seeded(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const weights = Array.from({ length: 1 + below(5) }, () => 1 + below(4));
  const targets = weights.map((weight, i) => `{ url: "http://t${i}", weight: ${weight} }`).join(', ');
  const config = configOf(`
upstreams:
  users:
    targets: [${targets}]
    balancer: ${balancer}
    slowStart: ${below(2) * 5}s
    outlier: { consecutiveFailures: 2, ejectFor: 2s, maxEjected: ${25 * (1 + below(4))}% }
    ${below(2) > 0 ? 'health: { failures: 2, passes: 1 }' : ''}
`).upstreams['users']!;
  const time = { now: 1_000_000 };
  const clock = { now: () => time.now, wall: () => time.now };
  const set = new TargetSet(config, clock, random, { resolve: () => Promise.resolve([]) });
  onTestFinished(() => set.destroy());
  return { set, time, below, health: config.health };
}

/** What becomes of targets, in any order; each choice on the way is looked at. */
function live(balancer: string, seed: number): { wrong: string[]; panics: number; trials: number } {
  const { set, time, below, health } = setUp(balancer, seed);
  const wrong: string[] = [];
  let panics = 0;
  let trials = 0;
  const any = () => set.all[below(set.all.length)]!;
  const events = [
    () => (time.now += below(1_500)),
    () => set.recordTry(any(), 'reset', time.now),
    () => set.recordTry(any(), 'connect_failed', time.now),
    () => set.recordTry(any(), 'success', time.now),
    () => health && set.recordProbe(any(), below(3) > 0, health),
    () => (any().inFlight = below(4)),
  ];
  for (let i = 0; i < 400; i++) {
    events[below(events.length)]!();
    const tried = set.all.filter(() => below(3) === 0);
    const available = set.all.filter((each) => each.isAvailable);
    if (available.length === 0) panics++;
    const candidates = available.length > 0 ? available : set.all;
    const others = candidates.filter((each) => !tried.includes(each));
    const due = set.all.filter((each) => each.mayHaveTrial(time.now, true));
    const picked = set.pick({ method: 'GET', path: '/', hashKey: `user ${below(50)}` }, tried)!;
    const allowed = others.length > 0 ? others : candidates;
    const isTrial = due.includes(picked) && (tried.length === 0 || others.length === 0);
    if (isTrial) trials++;
    else if (!allowed.includes(picked)) wrong.push(`${i}: ${picked.name}`);
  }
  return { wrong, panics, trials };
}

describe('pick, while targets are ejected and return', () => {
  it.each(Object.keys(BALANCERS))(
    '%s chooses none that is out while one is not, but for a trial, nor one that was tried while another is left',
    (balancer) => {
      const runs = Array.from({ length: 40 }, (_, seed) => live(balancer, seed * 7919 + 1));
      expect(runs.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect(runs.some(({ panics }) => panics > 0)).toBe(true);
      expect(runs.some(({ trials }) => trials > 0)).toBe(true);
    },
  );
});

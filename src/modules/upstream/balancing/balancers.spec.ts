import { describe, expect, it } from 'vitest';
import type { BalancerName } from '../../config/schema/balancer.js';
import type { Target } from '../target.js';
import type { Balancer } from './balancer.js';
import { BALANCERS } from './balancers.js';

/** Only plugins read it. */
const REQUEST = { method: 'GET', path: '/' };
const BALANCER_NAMES = Object.keys(BALANCERS) as BalancerName[];

/** As much of a target as a balancer looks at. */
function target(name: string, weight = 1, inFlight = 0, share = 1): Target {
  return { name, url: `http://${name}`, weight, inFlight, share } as unknown as Target;
}

/** A seeded generator: the distribution is the same in every run. */
function seeded(): () => number {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function shares(
  name: BalancerName,
  targets: Target[],
  keys: (i: number) => string | undefined = () => undefined,
) {
  const balancer = new BALANCERS[name](targets, seeded());
  const counts: Record<string, number> = {};
  for (let i = 0; i < 10_000; i++) {
    const { name: picked } = balancer.pick(keys(i), [], REQUEST);
    counts[picked] = (counts[picked] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).map(([each, count]) => [each, count / 10_000]));
}

/** @returns the share of each target of picks that end at once */
function sharesOf(balancer: Balancer, targets: readonly Target[], tried: readonly Target[] = []): number[] {
  const counts = targets.map(() => 0);
  for (let i = 0; i < 10_000; i++) counts[targets.indexOf(balancer.pick(`key ${i}`, tried, REQUEST))]! += 1;
  return counts.map((count) => count / 10_000);
}

/** @returns the share of each target where so many tries are under way all the time, and any of them may be the next to end */
function load(name: BalancerName, targets: readonly Target[], concurrent: number): number[] {
  const random = seeded();
  const balancer = new BALANCERS[name](targets, random);
  const counts = targets.map(() => 0);
  const underWay: Target[] = [];
  for (let i = 0; i < 20_000; i++) {
    if (underWay.length === concurrent) {
      const [ended] = underWay.splice(Math.floor(random() * concurrent), 1);
      ended!.inFlight--;
    }
    const picked = balancer.pick(`key ${i}`, [], REQUEST);
    picked.inFlight++;
    underWay.push(picked);
    counts[targets.indexOf(picked)]! += 1;
  }
  return counts.map((count) => count / 20_000);
}

describe('balancers', () => {
  it.each(BALANCER_NAMES)('%s picks equal targets equally often', (name) => {
    const spread = shares(name, [target('a'), target('b'), target('c')], (i) => `key ${i}`);
    for (const each of ['a', 'b', 'c']) expect(Math.abs((spread[each] ?? 0) - 1 / 3)).toBeLessThan(0.06);
  });

  it.each(BALANCER_NAMES)('%s picks a target that is coming back in proportion to its share', (name) => {
    const others = [target('b'), target('c'), target('d')];
    const spread = (share: number) =>
      shares(name, [target('a', 1, 0, share), ...others], (i) => `key ${i}`)['a'] ?? 0;
    const [low, half, whole] = [spread(0.1), spread(0.5), spread(1)];
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(0.06);
    expect(half).toBeGreaterThan(0.09);
    expect(half).toBeLessThan(0.17);
    expect(whole).toBeGreaterThan(0.19);
  });

  it.each(BALANCER_NAMES)('%s picks a target when all are coming back', (name) => {
    const spread = shares(name, [target('a', 1, 0, 0.1), target('b', 1, 0, 0.1)], (i) => `key ${i}`);
    expect(Math.abs((spread['a'] ?? 0) - 0.5)).toBeLessThan(0.06);
  });

  it('consistent-hash moves keys back to a target that is coming back, and never away again', () => {
    const back = target('a');
    const balancer = new BALANCERS['consistent-hash']([back, target('b'), target('c')], seeded());
    const home = (share: number) => {
      back.share = share;
      return new Set(
        Array.from({ length: 1_000 }, (_, i) => `user ${i}`).filter(
          (key) => balancer.pick(key, [], REQUEST).name === 'a',
        ),
      );
    };
    const [none, some, more] = [home(0), home(0.3), home(0.7)];
    expect([none.size, [...some].every((key) => more.has(key))]).toEqual([0, true]);
    expect(some.size).toBeGreaterThan(0);
    expect(more.size).toBeGreaterThan(some.size);
  });

  it.each(['random', 'round-robin', 'power-of-two', 'least-requests'] as const)(
    '%s spares one that is coming back on retries as well, however rare the others are',
    (name) => {
      const targets = [target('tried', 100), target('back', 2, 0, 0.25), target('whole')];
      const balancer = new BALANCERS[name](targets, seeded());
      const [none, back = 0] = sharesOf(balancer, targets, targets.slice(0, 1));
      expect(none).toBe(0);
      expect(Math.abs(back - 1 / 3)).toBeLessThan(0.03);
    },
  );

  it('round-robin mixes weights: A A B A, not A A A B', () => {
    const balancer = new BALANCERS['round-robin']([target('a', 3), target('b', 1)], () => 0);
    const turns = Array.from({ length: 8 }, () => balancer.pick(undefined, [], REQUEST).name).join('');
    expect(turns).toBe('aabaaaba');
  });

  it.each(['power-of-two', 'least-requests'] as const)('%s never picks the busier target', (name) => {
    for (const weight of [1, 5]) {
      const targets = [target('busy', weight, 100), target('b'), target('c'), target('d', 3)];
      expect(Object.keys(shares(name, targets)).toSorted()).toEqual(['b', 'c', 'd']);
    }
  });

  it('power-of-two compares two targets only', () => {
    const spread = shares('power-of-two', [
      target('a'),
      target('b', 1, 1),
      target('c', 1, 2),
      target('d', 1, 3),
    ]);
    // The third only beside the fourth, the second beside the third or the fourth, and the first beside each.
    expect(spread['a']).toBeCloseTo(3 / 6, 1);
    expect(spread['b']).toBeCloseTo(2 / 6, 1);
    expect(spread['c']).toBeCloseTo(1 / 6, 1);
    expect(spread['d']).toBeUndefined();
  });

  it('least-requests picks the target with the least load for its weight', () => {
    const balancer = new BALANCERS['least-requests'](
      [target('a', 1, 3), target('b', 10, 20), target('c', 1, 5)],
      seeded(),
    );
    for (let i = 0; i < 20; i++) expect(balancer.pick(undefined, [], REQUEST).name).toBe('b');
  });

  describe.each(BALANCER_NAMES)('%s keeps to weights', (name) => {
    const cases = [
      [9, 1],
      [3, 1, 1],
      [5, 4, 3, 2, 1],
      [100, 1],
    ].flatMap((weights) => [1, 2, 10, 100, 1_000].map((concurrent) => ({ weights, concurrent })));
    it.each(cases)('$weights with $concurrent under way', ({ weights, concurrent }) => {
      const targets = weights.map((weight, i) => target(`t${i}`, weight));
      const counts = load(name, targets, concurrent);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      // With hardly more than one under way it is decided by who is idle.
      const tolerance = concurrent === 2 ? 0.12 : 0.06;
      for (const [i, weight] of weights.entries()) {
        expect(Math.abs((counts[i] ?? 0) - weight / total)).toBeLessThan(tolerance);
      }
    });

    it('and to the share of a target that is coming back, under load as well', () => {
      const targets = [target('a', 2, 0, 0.25), target('b', 2), target('c', 1)];
      const [back = 0, whole = 0] = load(name, targets, 100);
      expect(Math.abs(back - 0.5 / 3.5)).toBeLessThan(0.05);
      expect(Math.abs(whole - 2 / 3.5)).toBeLessThan(0.06);
    });

    it('among the available targets when others are out, and when they are back', () => {
      const targets = [target('a', 6), target('b', 3), target('c', 1)];
      const balancer = new BALANCERS[name](targets, seeded());
      balancer.use(targets.slice(1));
      const [none, most = 0, least = 0] = sharesOf(balancer, targets);
      expect(none).toBe(0);
      expect(Math.abs(most - 0.75)).toBeLessThan(0.06);
      expect(Math.abs(least - 0.25)).toBeLessThan(0.06);
      balancer.use(targets);
      expect(Math.abs((sharesOf(balancer, targets)[0] ?? 0) - 0.6)).toBeLessThan(0.06);
    });

    it('among the targets that were not tried', () => {
      const targets = [target('a', 6), target('b', 3), target('c', 1)];
      const balancer = new BALANCERS[name](targets, seeded());
      const [none, most = 0, least = 0] = sharesOf(balancer, targets, targets.slice(0, 1));
      expect(none).toBe(0);
      expect(Math.abs(most - 0.75)).toBeLessThan(0.06);
      expect(Math.abs(least - 0.25)).toBeLessThan(0.06);
      expect(sharesOf(balancer, targets, targets.slice(0, 2))).toEqual([0, 0, 1]);
    });
  });

  // The configuration refuses it; consistent-hash tells targets apart by their URLs.
  it.each(['random', 'round-robin', 'power-of-two', 'least-requests'] as const)(
    '%s keeps the weights with a target that is listed twice',
    (name) => {
      const targets = [target('a'), target('a'), target('b', 2)];
      const spread = sharesOf(new BALANCERS[name](targets, seeded()), targets);
      for (const [i, due] of [0.25, 0.25, 0.5].entries()) {
        expect(Math.abs((spread[i] ?? 0) - due)).toBeLessThan(0.06);
      }
    },
  );

  it('consistent-hash keeps a key where it is, and moves only the keys of a target that goes', () => {
    const all = [target('a'), target('b'), target('c'), target('d')];
    const before = new BALANCERS['consistent-hash'](all, seeded());
    const after = new BALANCERS['consistent-hash'](all.slice(0, 3), seeded());
    const moved: string[] = [];
    for (let i = 0; i < 1_000; i++) {
      const { name } = before.pick(`user ${i}`, [], REQUEST);
      expect(before.pick(`user ${i}`, [], REQUEST).name).toBe(name);
      moved.push(...(after.pick(`user ${i}`, [], REQUEST).name === name ? [] : [name]));
    }
    expect(new Set(moved)).toEqual(new Set(['d']));
  });
});

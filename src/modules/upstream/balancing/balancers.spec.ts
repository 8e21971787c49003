import { describe, expect, it } from 'vitest';
import type { BalancerName } from '../../config/upstream-config.js';
import type { Target } from '../target.js';
import { BALANCERS } from './balancers.js';

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
    const { name: picked } = balancer.pick(keys(i), []);
    counts[picked] = (counts[picked] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).map(([each, count]) => [each, count / 10_000]));
}

describe('balancers', () => {
  it.each(['random', 'round-robin', 'power-of-two', 'consistent-hash', 'least-requests'] as const)(
    '%s spreads evenly over equals',
    (name) => {
      const spread = shares(name, [target('a'), target('b'), target('c')], (i) => `key ${i}`);
      for (const each of ['a', 'b', 'c']) expect(Math.abs((spread[each] ?? 0) - 1 / 3)).toBeLessThan(0.06);
    },
  );

  it.each(['random', 'round-robin', 'consistent-hash'] as const)('%s keeps to weights', (name) => {
    const spread = shares(name, [target('a', 3), target('b', 1)], (i) => `key ${i}`);
    expect(Math.abs((spread['a'] ?? 0) - 0.75)).toBeLessThan(0.05);
  });

  it.each(['random', 'round-robin', 'power-of-two', 'consistent-hash', 'least-requests'] as const)(
    '%s gives one that is coming back its share of a share',
    (name) => {
      const others = [target('b'), target('c'), target('d')];
      const spread = (share: number) =>
        shares(name, [target('a', 1, 0, share), ...others], (i) => `key ${i}`)['a'] ?? 0;
      const [low, half, whole] = [spread(0.1), spread(0.5), spread(1)];
      expect(low).toBeGreaterThan(0);
      expect(low).toBeLessThan(0.06);
      expect(half).toBeGreaterThan(0.09);
      expect(half).toBeLessThan(0.17);
      expect(whole).toBeGreaterThan(0.19);
    },
  );

  it.each(['random', 'round-robin', 'power-of-two', 'consistent-hash', 'least-requests'] as const)(
    '%s picks one when all are coming back',
    (name) => {
      const spread = shares(name, [target('a', 1, 0, 0.1), target('b', 1, 0, 0.1)], (i) => `key ${i}`);
      expect(Math.abs((spread['a'] ?? 0) - 0.5)).toBeLessThan(0.06);
    },
  );

  it('consistent-hash moves the keys of one that is coming back home, and never away again', () => {
    const back = target('a');
    const balancer = new BALANCERS['consistent-hash']([back, target('b'), target('c')], seeded());
    const home = (share: number) => {
      back.share = share;
      return new Set(
        Array.from({ length: 1_000 }, (_, i) => `user ${i}`).filter(
          (key) => balancer.pick(key, []).name === 'a',
        ),
      );
    };
    const [none, some, more] = [home(0), home(0.3), home(0.7)];
    expect([none.size, [...some].every((key) => more.has(key))]).toEqual([0, true]);
    expect(some.size).toBeGreaterThan(0);
    expect(more.size).toBeGreaterThan(some.size);
  });

  it('round-robin mixes weights: A A B A, not A A A B', () => {
    const balancer = new BALANCERS['round-robin']([target('a', 3), target('b', 1)], () => 0);
    const turns = Array.from({ length: 8 }, () => balancer.pick(undefined, []).name).join('');
    expect(turns).toBe('aabaaaba');
  });

  it('power-of-two mostly avoids the busy one, and looks at two only', () => {
    const spread = shares('power-of-two', [target('busy', 1, 100), target('b'), target('c'), target('d')]);
    // Taken only when it is drawn twice: once in sixteen.
    expect(spread['busy'] ?? 0).toBeLessThan(0.08);
  });

  it('least-requests takes the least busy for its weight', () => {
    const balancer = new BALANCERS['least-requests'](
      [target('a', 1, 3), target('b', 10, 20), target('c', 1, 5)],
      seeded(),
    );
    expect(balancer.pick(undefined, []).name).toBe('b');
  });

  it('consistent-hash keeps a key where it is, and moves only the keys of a target that goes', () => {
    const all = [target('a'), target('b'), target('c'), target('d')];
    const before = new BALANCERS['consistent-hash'](all, seeded());
    const after = new BALANCERS['consistent-hash'](all.slice(0, 3), seeded());
    const moved: string[] = [];
    for (let i = 0; i < 1_000; i++) {
      const { name } = before.pick(`user ${i}`, []);
      expect(before.pick(`user ${i}`, []).name).toBe(name);
      moved.push(...(after.pick(`user ${i}`, []).name === name ? [] : [name]));
    }
    expect(new Set(moved)).toEqual(new Set(['d']));
  });
});

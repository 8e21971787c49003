import { expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../../test/support/gateway.js';
import type { Target } from '../target.js';
import { TargetSet } from '../target-set.js';
import { HashRing } from './hash-ring.js';

function setUp(weights: readonly number[], more = '') {
  const targets = weights.map((weight, i) => `{ url: "http://t${i}", weight: ${weight} }`).join(', ');
  const config = configOf(
    `upstreams: { users: { balancer: consistent-hash, targets: [${targets}], outlier: { consecutiveFailures: 1 }, ${more} } }`,
  );
  const time = { now: 1_000_000 };
  const clock = { now: () => time.now, wall: () => time.now };
  const set = new TargetSet(config.upstreams['users']!, clock, () => 0.5, {
    resolve: () => Promise.resolve([]),
  });
  onTestFinished(() => set.destroy());
  const fail = (target: Target | undefined) => set.recordTry(target!, 'reset', time.now);
  const placed = (tried: readonly Target[] = []) =>
    new Map(Array.from({ length: 500 }, (_, i) => [`user ${i}`, set.pick(`user ${i}`, tried).name]));
  return { set, time, fail, placed };
}

/** @returns from which targets keys have moved */
function moved(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Set<string> {
  return new Set([...before].filter(([key, name]) => after.get(key) !== name).map(([, name]) => name));
}

it('makes no new ring when targets are tried, go or come back', () => {
  const { set, time, fail } = setUp([1, 2, 3, 4, 5]);
  let placed = 0;
  for (const target of set.all) {
    // Its points come of its URL.
    Object.defineProperty(target, 'url', { get: () => `http://again${placed++}` });
  }
  const first = set.pick('alice', []);
  const second = set.pick('alice', [first]);
  fail(first);
  expect(set.pick('alice', [])).toBe(second);
  time.now += 10_000;
  expect([set.pick('alice', []), placed]).toEqual([first, 0]);
});

it('places targets by the ratio of their weights, within a bound', () => {
  const pointsOf = (weights: readonly number[]) =>
    new HashRing(weights.map((weight, i) => ({ url: `http://t${i}`, weight }) as Target)).size;
  expect(pointsOf([100])).toBe(pointsOf([1]));
  expect(pointsOf(Array<number>(50).fill(100))).toBe(50 * pointsOf([1]));
  expect(pointsOf([2, 4])).toBe(3 * pointsOf([1]));
  const many = pointsOf(Array.from({ length: 100 }, (_, i) => i + 1));
  expect(many).toBeGreaterThan(50_000);
  expect(many).toBeLessThanOrEqual(65_536);
});

it('moves the keys of a tried or ejected target to the same other target, and no other key', () => {
  const { set, fail, placed } = setUp([1, 2, 3]);
  const before = placed();
  const retried = placed([set.all[1]!]);
  fail(set.all[1]);
  expect(placed()).toEqual(retried);
  expect(moved(before, retried)).toEqual(new Set(['t1']));
  // Those of one that goes spread over all that stay.
  expect(moved(retried, before)).toEqual(new Set(['t0', 't2']));
});

it('moves keys back to a target that is coming back little by little, and no other key', () => {
  const { set, time, fail, placed } = setUp([1, 2, 3], 'slowStart: 10s');
  const before = placed();
  fail(set.all[1]);
  time.now += 10_000;
  let home = new Set<string>();
  for (let step = 0; step <= 10; step++) {
    const now = placed();
    expect([...moved(before, now)].filter((name) => name !== 't1')).toEqual([]);
    const back = new Set([...now].filter(([, name]) => name === 't1').map(([key]) => key));
    expect([...home].filter((key) => !back.has(key))).toEqual([]);
    expect(back.size).toBeGreaterThan(0);
    home = back;
    time.now += 1_000;
  }
  expect(placed()).toEqual(before);
});

// A configuration that lists one twice is refused.
it('treats a target that is listed twice as one of twice the weight', () => {
  const once = configOf(
    'upstreams: { users: { balancer: consistent-hash, targets: [{ url: http://a }, { url: http://b }] } }',
  ).upstreams['users']!;
  const twice = { ...once, targets: [...once.targets, once.targets[0]!] };
  const clock = { now: () => 0, wall: () => 0 };
  const set = new TargetSet(twice, clock, () => 0, { resolve: () => Promise.resolve([]) });
  onTestFinished(() => set.destroy());
  const picked = Array.from({ length: 3_000 }, (_, i) => set.all.indexOf(set.pick(`user ${i}`, [])));
  for (const each of [0, 1, 2]) {
    expect(Math.abs(picked.filter((index) => index === each).length / 3_000 - 1 / 3)).toBeLessThan(0.06);
  }
});

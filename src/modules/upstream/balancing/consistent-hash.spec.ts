import { expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../../test/support/gateway.js';
import type { Target } from '../target.js';
import { TargetSet } from '../target-set.js';

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
    new Map(
      Array.from({ length: 500 }, (_, i) => [
        `user ${i}`,
        set.pick({ method: 'GET', path: '/', hashKey: `user ${i}` }, tried)!.name,
      ]),
    );
  return { set, time, fail, placed };
}

/** @returns from which targets keys have moved */
function moved(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Set<string> {
  return new Set([...before].filter(([key, name]) => after.get(key) !== name).map(([, name]) => name));
}

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
  set.recordTry(set.all[1]!, 'success', time.now);
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

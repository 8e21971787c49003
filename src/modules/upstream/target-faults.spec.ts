import { describe, expect, it } from 'vitest';
import { setUpTargets as setUp } from '../../../test/support/target-set.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import type { Target } from './target.js';

describe('TargetSet.isFaultOf', () => {
  const succeed = (record: (target: Target, outcome: Outcome) => void, ...targets: Target[]) => {
    for (const each of targets) record(each, 'success');
  };

  it('blames the target while the latest try of another one succeeded, and no target once all have failed', () => {
    const { set, targets, fail, record } = setUp(3);
    succeed(record, ...targets);
    const blames = targets.map((each) => {
      fail(each, 1);
      return set.isFaultOf([each]);
    });
    expect(blames).toEqual([true, true, false]);
    succeed(record, targets[1]);
    expect(set.isFaultOf([targets[0]])).toBe(true);
  });

  it('never blames the only target, nor one of several before any has answered', () => {
    const single = setUp(1);
    succeed(single.record, single.targets[0]);
    const several = setUp(3);
    several.fail(several.targets[0], 1);
    expect([single.set.isFaultOf([single.targets[0]]), several.set.isFaultOf([several.targets[0]])]).toEqual([
      false,
      false,
    ]);
  });

  it('blames an ejected target for failures that come late, whatever the others do', () => {
    const { set, targets, fail, record } = setUp(2);
    succeed(record, ...targets);
    fail(targets[0], 5);
    fail(targets[1], 1);
    const [ejected, available] = targets;
    const blamed = [[ejected], [available], [available, ejected]].map((tried) => set.isFaultOf(tried));
    expect(blamed).toEqual([true, false, false]);
  });

  it('blames no target while none is available', () => {
    const { set, targets, fail } = setUp(2);
    for (const each of targets) fail(each, 5, 'connect_failed');
    expect(targets.map((each) => set.isFaultOf([each]))).toEqual([false, false]);
  });

  it('does not rely on a target that fails as often as would open a breaker', () => {
    const { set, targets, fail, record } = setUp(3);
    for (const each of targets) {
      fail(each, 2);
      succeed(record, each);
    }
    fail(targets[0], 1);
    expect(set.isFaultOf([targets[0]])).toBe(false);
    succeed(record, targets[1], targets[1]);
    expect(set.isFaultOf([targets[0]])).toBe(true);
  });

  it('does not rely on a target that has answered nothing lately', () => {
    const { set, targets, fail, record, time } = setUp(3, 'timeout: 5s, breaker: { window: 10s }');
    succeed(record, targets[1]);
    time.now += 13_000;
    fail(targets[0], 1);
    expect(set.isFaultOf([targets[0]])).toBe(true);
    time.now += 3_000;
    fail(targets[0], 1);
    expect(set.isFaultOf([targets[0]])).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { GET, setUpTargets as setUp } from '../../../test/support/target-set.js';
import type { TargetSet } from './target-set.js';
import type { Target } from './target.js';

describe('TargetSet', () => {
  it('picks no target that has as many calls as connections, and none when all have', () => {
    const { set, targets, picked } = setUp(3, 'pool: { connections: 2 }');
    targets[0].inFlight = 2;
    expect(picked()).toEqual(new Set(['t1', 't2']));
    expect(set.pick(GET, [targets[1]])).toBe(targets[2]);
    targets[1].inFlight = 2;
    expect(set.pick(GET, [targets[2]])).toBe(targets[2]);
    targets[2].inFlight = 2;
    expect(set.pick(GET, [])).toBeUndefined();
  });

  it('ejects a target that keeps failing until it has passed a trial', () => {
    const { targets, fail, record, picked, time } = setUp(3);
    fail(targets[0], 4);
    expect(picked()).toContain('t0');
    fail(targets[0], 1);
    expect(picked()).toEqual(new Set(['t1', 't2']));
    time.now += 9_999;
    expect(picked()).not.toContain('t0');
    time.now += 1;
    expect(picked()).toContain('t0');
    record(targets[0], 'success');
    expect(picked()).toContain('t0');
  });

  it('adopts ejections and returns of another process, without telling others', () => {
    const { set, targets, fail, record, picked, time } = setUp(3);
    const told: string[] = [];
    set.ejected.on(({ name }) => told.push(`${name} ejected`));
    set.returned.on(({ name }) => told.push(`${name} returned`));
    set.adopt('http://t0', true);
    expect(picked()).toEqual(new Set(['t1', 't2']));
    // Both processes have ejected it: it is out for no longer than once.
    set.adopt('http://t0', true);
    time.now += 10_000;
    // The trial elsewhere has failed.
    set.adopt('http://t0', true);
    time.now += 10_000;
    expect(picked()).not.toContain('t0');
    time.now += 10_000;
    expect(picked()).toContain('t0');
    set.adopt('http://t0', false);
    expect(picked()).toContain('t0');
    set.adopt('http://unknown', true);
    expect(told).toEqual([]);
    fail(targets[1], 5);
    time.now += 10_000;
    expect(picked()).toContain('t1');
    record(targets[1], 'success');
    expect(told).toEqual(['t1 ejected', 't1 returned']);
  });

  it('counts failures from 0 again after a success, and ignores neutral outcomes', () => {
    const { record, targets, fail, picked } = setUp(3);
    fail(targets[0], 4);
    record(targets[0], 'success');
    fail(targets[0], 4);
    record(targets[0], 'client_gone');
    expect(picked()).toContain('t0');
    fail(targets[0], 1);
    expect(picked()).not.toContain('t0');
  });

  it('never ejects more than maxEjected, and so never the only one', () => {
    const { targets, fail, picked } = setUp(3);
    for (const each of targets) fail(each, 5);
    expect(picked()).toEqual(new Set(['t1', 't2']));
    const single = setUp(1);
    single.fail(single.targets[0], 50);
    expect(single.picked()).toEqual(new Set(['t0']));
  });

  it('ejects one of several however small maxEjected is', () => {
    const { targets, fail, picked } = setUp(3, 'outlier: { maxEjected: 10% }');
    for (const each of targets) fail(each, 5);
    expect(picked()).toEqual(new Set(['t1', 't2']));
  });

  it('ejects targets that accept no connection beyond maxEjected', () => {
    const { targets, fail, picked } = setUp(3);
    fail(targets[0], 5, 'connect_failed');
    fail(targets[1], 4, 'connect_failed');
    expect(picked()).toEqual(new Set(['t1', 't2']));
    fail(targets[1], 1, 'connect_failed');
    expect(picked()).toEqual(new Set(['t2']));
    fail(targets[2], 50);
    expect(picked()).toEqual(new Set(['t2']));
  });

  it.each(['connect_failed', 'reset'] as const)('never ejects the only one, not even for %s', (outcome) => {
    const { set, targets, fail } = setUp(1);
    fail(targets[0], 50, outcome);
    expect(set.availableCount).toBe(1);
  });

  describe('with hedges', () => {
    const late = (times: number, each: (set: TargetSet, target: Target, startedAt: number) => void) => {
      const { set, targets, time, picked } = setUp(3, 'hedge: { after: 20ms }');
      for (let i = 0; i < times; i++) {
        const startedAt = (time.now += 100);
        time.now += 50;
        each(set, targets[0], startedAt);
      }
      return picked();
    };

    it('ejects only the target that a hedge has to answer for each time', () => {
      const frozen = (times: number) =>
        late(times, (set, target, startedAt) => set.recordLate(target, startedAt));
      expect(frozen(4)).toContain('t0');
      expect(frozen(5)).toEqual(new Set(['t1', 't2']));
    });

    it('ejects no late target that has answered a request meanwhile', () => {
      const slow = late(50, (set, target, startedAt) => {
        set.recordHead(target, false, startedAt - 1);
        for (let i = 0; i < 5; i++) set.recordLate(target, startedAt);
      });
      expect(slow).toContain('t0');
    });
  });

  it('tells whether another target has answered what it was sent later, which a slow service does not', () => {
    const { set, targets, time } = setUp(3);
    const since = time.now;
    const haveOthersAnswered = () => set.haveOthersAnswered([targets[0]], since);
    time.now += 1_000;
    set.recordHead(targets[0], false, since + 500);
    set.recordHead(targets[1], false, since - 500);
    expect(haveOthersAnswered()).toBe(false);
    set.recordHead(targets[1], false, since + 500);
    set.recordHead(targets[1], false, since - 500);
    expect(haveOthersAnswered()).toBe(true);
  });

  it('emits each ejection once', () => {
    const { set, targets, fail } = setUp(3);
    const ejected: string[] = [];
    set.ejected.on(({ name }) => ejected.push(name));
    fail(targets[1], 20);
    expect(ejected).toEqual(['t1']);
  });

  it('needs as many failures again for the next ejection', () => {
    const { targets, fail, record, picked, time } = setUp(3);
    fail(targets[0], 5);
    time.now += 10_000;
    record(targets[0], 'success');
    fail(targets[0], 4);
    expect(picked()).toContain('t0');
  });

  it('ejects for at most ten times ejectFor, and for ejectFor again once a target has been well for three times that', () => {
    const { targets, fail, record, time } = setUp(3);
    const out = () => {
      fail(targets[0], 5);
      const lasted = targets[0].trialFrom - time.now;
      time.now = targets[0].trialFrom;
      record(targets[0], 'success');
      return lasted / 10_000;
    };
    expect(Array.from({ length: 12 }, out)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10]);
    time.now += 29_999;
    expect(out()).toBe(10);
    time.now += 30_000;
    expect(out()).toBe(1);
  });

  it('counts probes in a row only', () => {
    const { set, targets, health } = setUp(3);
    const available = [false, false, true, false, false, true, false].map((passed) => {
      set.recordProbe(targets[0], passed, health);
      return set.availableCount;
    });
    expect(available).toEqual(Array(7).fill(3));
  });

  it('tells whether another target is available', () => {
    const { set, targets, fail } = setUp(2);
    expect([set.hasOther([]), set.hasOther([targets[0]]), set.hasOther([targets[0], targets[1]])]).toEqual([
      true,
      true,
      false,
    ]);
    fail(targets[1], 5);
    expect([set.hasOther([]), set.hasOther([targets[0]])]).toEqual([true, false]);
  });

  it('ignores tries that were under way at an ejection', () => {
    const { targets, fail, picked, time } = setUp(3);
    fail(targets[0], 50, 'connect_failed');
    time.now += 10_000;
    expect(picked()).toContain('t0');
  });

  it('ends the ejection of a target that answers while none is available, unless the try is older than the ejection', () => {
    const { set, targets, fail, record, time, picked } = setUp(2);
    const before = time.now;
    time.now += 10;
    for (const each of targets.slice(0, 2)) fail(each, 5, 'connect_failed');
    time.now += 10;
    record(targets[0], 'success', before);
    expect(set.availableCount).toBe(0);
    record(targets[0], 'success');
    expect([set.availableCount, picked()]).toEqual([1, new Set(['t0'])]);
  });

  it('leaves out targets whose probes fail, until they pass again', () => {
    const { set, targets, picked, health } = setUp(3);
    for (let i = 0; i < 3; i++) set.recordProbe(targets[0], false, health);
    expect(picked()).toEqual(new Set(['t1', 't2']));
    set.recordProbe(targets[0], true, health);
    expect(picked()).not.toContain('t0');
    set.recordProbe(targets[0], true, health);
    expect(picked()).toContain('t0');
  });

  describe('with slowStart', () => {
    const ejected = () => {
      const all = setUp(3, 'slowStart: 10s');
      all.fail(all.targets[0], 5);
      all.time.now += 10_000;
      all.record(all.targets[0], 'success');
      const taken = () =>
        Array.from({ length: 3_000 }, () => all.set.pick(GET, [])!.name).filter((name) => name === 't0')
          .length;
      return { ...all, taken };
    };

    it('gives a target whose ejection is over a share that grows, from a tenth on', () => {
      const { taken, time } = ejected();
      const counts = [taken()];
      for (const after of [3_000, 3_000, 4_000]) {
        time.now += after;
        counts.push(taken());
      }
      const [start = 0, third = 0, most = 0, end] = counts;
      expect([start > 130, start < 150, third > 370, third < 400, most > 640, most < 710]).toEqual(
        Array(6).fill(true),
      );
      expect(end).toBe(1_000);
    });

    it('gives a target whose probes pass again a growing share as well', () => {
      const { set, targets, health, taken, time } = ejected();
      time.now += 20_000;
      taken();
      for (let i = 0; i < 3; i++) set.recordProbe(targets[0], false, health);
      expect(taken()).toBe(0);
      for (let i = 0; i < 2; i++) set.recordProbe(targets[0], true, health);
      expect(taken()).toBeLessThan(150);
      time.now += 10_000;
      expect(taken()).toBe(1_000);
    });

    it('starts once more when the target is ejected half-way', () => {
      const { set, targets, health, taken, time } = ejected();
      taken();
      time.now += 5_000;
      const half = taken();
      for (let i = 0; i < 3; i++) set.recordProbe(targets[0], false, health);
      expect([taken(), targets[0].share]).toEqual([0, 1]);
      for (let i = 0; i < 2; i++) set.recordProbe(targets[0], true, health);
      expect(taken()).toBeLessThan(half / 2);
      time.now += 5_000;
      expect(Math.abs(taken() - half)).toBeLessThan(10);
    });

    it('gives every target its whole share when the gateway starts', () => {
      const { picked, set } = setUp(3, 'slowStart: 10s');
      expect([picked().size, set.all.map(({ share }) => share)]).toEqual([3, [1, 1, 1]]);
    });
  });

  it('picks from all targets when none is available, and emits that', () => {
    const { set, targets, picked, health } = setUp(2);
    let panics = 0;
    set.panicked.on(() => panics++);
    for (const each of targets.slice(0, 2)) for (let i = 0; i < 3; i++) set.recordProbe(each, false, health);
    expect(picked()).toEqual(new Set(['t0', 't1']));
    expect(panics).toBe(20);
  });

  describe('for another try', () => {
    const picks = (set: TargetSet, tried: readonly Target[]) =>
      new Set(Array.from({ length: 20 }, () => set.pick(GET, tried)!.name));

    it('picks a target that was not tried, or a tried one when there is no other', () => {
      const { set, targets } = setUp(3);
      expect(picks(set, [targets[0]])).toEqual(new Set(['t1', 't2']));
      expect(picks(set, [targets[0], targets[1]])).toEqual(new Set(['t2']));
      expect(picks(set, [...targets])).toEqual(new Set(['t0', 't1', 't2']));
    });

    it.each(['ejected', 'unhealthy'] as const)(
      'goes to a target again rather than to one that is %s',
      (how) => {
        const { set, targets, fail, health } = setUp(2);
        if (how === 'ejected') fail(targets[0], 5);
        else for (let i = 0; i < 3; i++) set.recordProbe(targets[0], false, health);
        expect(picks(set, [targets[1]])).toEqual(new Set(['t1']));
      },
    );

    it('picks a target that was not tried when none is available', () => {
      const { set, targets, fail } = setUp(3);
      for (const each of targets) fail(each, 5, 'connect_failed');
      expect(picks(set, [targets[0], targets[2]])).toEqual(new Set(['t1']));
    });
  });
});

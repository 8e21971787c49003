import { describe, expect, it } from 'vitest';
import { GET, setUpTargets as setUp } from '../../../test/support/target-set.js';

describe('TargetSet, after an ejection', () => {
  const POST = { method: 'POST', path: '/' };
  const ejected = (upstream = '') => {
    const all = setUp(3, upstream);
    all.fail(all.targets[0], 5);
    all.time.now += 10_000;
    return { ...all, isTrial: (request = GET) => all.set.pick(request, [])!.name === 't0' };
  };

  it('gives the target one request, and its share once the response head is there', () => {
    const { set, targets, time, picked, isTrial } = ejected();
    expect([isTrial(), picked().has('t0'), set.availableCount]).toEqual([true, false, 2]);
    set.recordHead(targets[0], true, time.now);
    expect(picked()).not.toContain('t0');
    set.recordHead(targets[0], false, time.now);
    expect([picked().has('t0'), set.availableCount]).toEqual([true, 3]);
  });

  it('ejects the target for longer when one trial fails', () => {
    const { targets, fail, time, isTrial, set } = ejected();
    const ejections: string[] = [];
    set.ejected.on(({ name }) => ejections.push(name));
    expect(isTrial()).toBe(true);
    fail(targets[0], 3);
    expect(ejections).toEqual(['t0']);
    time.now += 19_999;
    expect(isTrial()).toBe(false);
    time.now += 1;
    expect(isTrial()).toBe(true);
  });

  it('ignores results of tries that started before the trial', () => {
    const { targets, record, time, isTrial, set } = ejected();
    expect(isTrial()).toBe(true);
    for (const outcome of ['reset', 'client_gone'] as const) record(targets[0], outcome, time.now - 1);
    record(targets[0], 'success', time.now - 10_001);
    expect([isTrial(), set.availableCount]).toEqual([false, 2]);
  });

  it('makes the next request the trial when nobody can tell how one ended, or it does not end', () => {
    const { targets, record, time, isTrial } = ejected('timeout: 4s');
    expect([isTrial(), isTrial()]).toEqual([true, false]);
    record(targets[0], 'client_gone');
    expect([isTrial(), isTrial()]).toEqual([true, false]);
    time.now += 4_000;
    expect([isTrial(), isTrial()]).toEqual([true, false]);
  });

  it('takes a request for the trial that another target can answer, and any after another ejectFor', () => {
    const { time, isTrial } = ejected();
    expect([
      isTrial(POST),
      isTrial({ ...GET, method: 'PUT' }),
      isTrial({ ...GET, method: 'OPTIONS' }),
    ]).toEqual([false, false, true]);
    time.now += 10_000 + 3_000;
    expect(isTrial(POST)).toBe(true);
  });

  it('gives no trial to a target that has as many calls as connections', () => {
    const { targets, isTrial } = ejected('pool: { connections: 1 }');
    targets[0].inFlight = 1;
    expect(isTrial()).toBe(false);
    targets[0].inFlight = 0;
    expect(isTrial()).toBe(true);
  });

  it('does not take a retry for the trial while another target is available', () => {
    const { set, targets } = ejected();
    expect(set.pick(GET, [targets[1]])!.name).toBe('t2');
    expect(set.pick(GET, [targets[1], targets[2]])!.name).toBe('t0');
  });

  it('leaves the trial to the probes if they have ever passed, and takes none before the time is over', () => {
    const { set, targets, time, health, fail, isTrial } = setUpProbed();
    fail(targets[0], 5);
    time.now += 9_999;
    set.recordProbe(targets[0], true, health);
    time.now += 1;
    expect([isTrial(), set.availableCount]).toEqual([false, 2]);
    set.recordProbe(targets[0], false, health);
    expect(set.availableCount).toBe(2);
    set.recordProbe(targets[0], true, health);
    expect(set.availableCount).toBe(3);
  });

  function setUpProbed() {
    const all = setUp(3);
    all.set.recordProbe(all.targets[1], true, all.health);
    return { ...all, isTrial: () => all.picked().has('t0') };
  }
});

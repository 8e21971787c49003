import { onTestFinished } from 'vitest';
import type { Outcome } from '../../src/common/errors/outcomes.js';
import { TargetSet } from '../../src/modules/upstream/target-set.js';
import type { Target } from '../../src/modules/upstream/target.js';
import { configOf } from './gateway.js';

export const GET = { method: 'GET', path: '/' };
const NOBODY = { resolve: () => Promise.resolve([]) };

/** Targets `t0`, `t1`, ... of an upstream with probes, at a time that the test sets. */
export function setUpTargets(targets: number, upstream = '') {
  const urls = Array.from({ length: targets }, (_, i) => `{ url: http://t${i} }`).join(', ');
  const config = configOf(
    `upstreams: { users: { balancer: round-robin, targets: [${urls}], health: {}, ${upstream} } }`,
  );
  const users = config.upstreams['users']!;
  const time = { now: 1_000_000 };
  const set = new TargetSet(users, { now: () => time.now, wall: () => time.now }, () => 0, NOBODY);
  onTestFinished(() => set.destroy());
  const record = (target: Target, outcome: Outcome, startedAt = time.now) =>
    set.recordTry(target, outcome, startedAt);
  const fail = (target: Target, times: number, outcome: Outcome = 'reset') => {
    for (let i = 0; i < times; i++) record(target, outcome);
  };
  const picked = () => new Set(Array.from({ length: 20 }, () => set.pick(GET, [])!.name));
  return {
    set,
    time,
    record,
    fail,
    picked,
    health: users.health!,
    targets: set.all as [Target, Target, Target],
  };
}

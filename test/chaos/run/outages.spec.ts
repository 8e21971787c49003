import { expect, it } from 'vitest';
import type { InjectedFault } from './fault-injector.js';
import { outagesOf } from './outages.js';
import type { Transition } from './types.js';

const fault = (from: number, to: number, target: InjectedFault['target'] = 'orders'): InjectedFault => ({
  target,
  kind: 'kill',
  at: from,
  for: to - from,
  from,
  to,
});
const changes = (...list: [number, Transition['to']][]): Transition[] =>
  list.map(([at, to]) => ({ at, to, upstream: 'orders', reason: 'health' }));
const ends = (faults: InjectedFault[], transitions: Transition[]) =>
  outagesOf(faults, transitions, 1000).map(({ to }) => to);

it('an outage ends with its fault when no breaker has opened', () => {
  expect(ends([fault(100, 200)], [])).toEqual([200]);
  expect(ends([fault(100, 200)], changes([120, 'open'], [150, 'closed']))).toEqual([200]);
});

it('an outage ends when the breaker is closed for good, and not when it opens again after that', () => {
  expect(ends([fault(100, 200)], changes([120, 'open'], [250, 'closed']))).toEqual([250]);
  const again = changes([120, 'open'], [250, 'closed'], [260, 'open'], [300, 'half-open'], [310, 'closed']);
  expect(ends([fault(100, 200)], again)).toEqual([310]);
  const open = changes([120, 'open'], [250, 'closed'], [260, 'open']);
  expect(ends([fault(100, 200)], open)).toEqual([1000]);
});

it('an outage lasts to the next one of the same service, or to the end, when the breaker stays open', () => {
  expect(ends([fault(100, 200)], changes([120, 'open']))).toEqual([1000]);
  expect(ends([fault(100, 200)], changes([120, 'open'], [250, 'half-open']))).toEqual([1000]);
  expect(ends([fault(100, 200), fault(500, 600)], changes([120, 'open'], [700, 'closed']))).toEqual([
    500, 700,
  ]);
});

it('ignores the breakers of other services, and faults of Redis', () => {
  const transitions = changes([120, 'open'], [900, 'closed']);
  expect(ends([fault(100, 200, 'users'), fault(100, 200, 'redis')], transitions)).toEqual([200]);
});

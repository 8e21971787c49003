import type { InjectedFault } from './fault-injector.js';
import { SERVICES, type Interval, type Service, type Transition } from './types.js';

/** A fault of a service with its consequences. */
export interface Outage extends Interval {
  readonly service: Service;
  readonly kind: InjectedFault['kind'];
  /** When the service worked again. */
  readonly backAt: number;
  /** When its breaker was closed for good after that, at most `end`. The outage ends then. */
  readonly to: number;
}

/** @param end of the run: a breaker that is still open then has not recovered */
export function outagesOf(
  faults: readonly InjectedFault[],
  transitions: readonly Transition[],
  end: number,
): Outage[] {
  return SERVICES.flatMap((service) => {
    const own = faults.filter(({ target }) => target === service);
    const changes = transitions.filter(({ upstream }) => upstream === service);
    return own.map(({ kind, from, to: backAt = end }, i) => {
      const until = own[i + 1]?.from ?? end;
      return { service, kind, from, backAt, to: recoveredAt(changes, backAt, until) };
    });
  }).toSorted((a, b) => a.from - b.from);
}

/** Calls from before the end of a fault can still fail after it and open the breaker again: the last close counts. */
function recoveredAt(changes: readonly Transition[], backAt: number, until: number): number {
  const before = changes.findLast(({ at }) => at <= backAt);
  const after = changes.filter(({ at }) => at > backAt && at < until);
  const last = after.at(-1) ?? before;
  if (last !== undefined && last.to !== 'closed') return until;
  return after.at(-1)?.at ?? backAt;
}

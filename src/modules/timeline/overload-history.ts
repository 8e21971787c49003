import { OVERLOAD_REASONS, type OverloadReason } from '../server/overload/overload.service.js';
import type { OverloadOverview } from './shapes.js';

/** Seconds without a rejection after which an overload is no longer told. */
const TOLD = 60;
/** Seconds over which rejections are averaged. */
const AVERAGED = 10;

/** Requests that were rejected in a second, by reason. */
export type Rejections = Readonly<Record<OverloadReason, number>>;

interface Rejecting {
  /** Seconds since the epoch of the first rejection and of the last one. */
  readonly since: number;
  last: number;
  /** By second. */
  readonly counts: Map<number, number>;
}

/** The overloads of all processes that are under way, or were over less than a minute ago. */
export class OverloadHistory {
  private readonly byReason = new Map<OverloadReason, Rejecting>();

  /** @param second since the epoch */
  add(second: number, rejections: Rejections): void {
    for (const reason of OVERLOAD_REASONS) {
      if (rejections[reason] === 0) continue;
      let known = this.byReason.get(reason);
      if (!known || second - known.last > TOLD)
        this.byReason.set(reason, (known = { since: second, last: second, counts: new Map() }));
      known.last = Math.max(known.last, second);
      known.counts.set(second, (known.counts.get(second) ?? 0) + rejections[reason]);
      for (const each of known.counts.keys()) if (each <= second - AVERAGED) known.counts.delete(each);
    }
  }

  /** @param now seconds since the epoch; that second is not over yet */
  current(now: number): readonly OverloadOverview[] {
    return [...this.byReason]
      .filter(([, { last }]) => now - last <= TOLD)
      .map(([reason, { since, counts }]) => {
        const seconds = Math.min(AVERAGED, Math.max(1, now - since));
        const recent = [...counts].filter(([second]) => second >= now - AVERAGED);
        const rejected = recent.reduce((sum, [, count]) => sum + count, 0);
        return { reason, since: new Date(since * 1_000), rejectedPerSecond: rejected / seconds };
      });
  }
}

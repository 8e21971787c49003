import type { Transition } from './types.js';

/** A line of the gateway's log. */
export interface LogEntry {
  readonly msg?: string;
  readonly time?: string;
  readonly context?: string;
  readonly upstream?: string;
  readonly to?: Transition['to'];
  readonly reason?: string;
  readonly failures?: readonly { readonly outcome: string; readonly detail: string }[];
}

/** @returns the change of a breaker that a line of the log tells of, if it does */
export function transitionOf(entry: LogEntry): Transition | undefined {
  const { context, time, upstream, to, reason, failures } = entry;
  if (context !== 'Breaker' || !time || !upstream || !to || !reason) return undefined;
  const last = failures?.at(-1);
  const cause = last && (last.outcome === last.detail ? last.detail : `${last.outcome} ${last.detail}`);
  return { at: Date.parse(time), upstream, to, reason, ...(cause ? { cause } : {}) };
}

/** One state of a breaker, from one transition to the next one. */
export interface BreakerBand {
  readonly upstream: string;
  readonly state: 'open' | 'half-open';
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly cause?: string;
}

/** @param end of the run, where the last band ends */
export function breakerBands(transitions: readonly Transition[], end: number): BreakerBand[] {
  return transitions.flatMap(({ at, upstream, to: state, reason, cause }, i) => {
    if (state === 'closed') return [];
    const next = transitions.slice(i + 1).find((each) => each.upstream === upstream);
    return [{ upstream, state, from: at, to: next?.at ?? end, reason, ...(cause ? { cause } : {}) }];
  });
}

import type { Outcome } from './errors/outcomes.js';

/** One try to reach an upstream, for metrics and logs. */
export interface TryRecord {
  readonly upstream: string;
  /** URL of the target. */
  readonly target: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** `undefined` while it is under way. */
  outcome: Outcome | undefined;
  /** Milliseconds from its start to its end, body included; 0 while it is under way. */
  durationMs: number;
}

export interface EndedTry extends TryRecord {
  readonly outcome: Outcome;
}

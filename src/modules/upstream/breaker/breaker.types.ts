import type { Outcome } from '../../../common/errors/outcomes.js';

export type BreakerState = 'closed' | 'half-open' | 'open';

/** Why the state changed. */
export type TransitionReason =
  /** The share of failures in the window reached `errorRate`. */
  | 'error-rate'
  /** `consecutiveFailures` failures came in a row. */
  | 'consecutive-failures'
  /** `failures` probes failed in a row, or `passes` passed. */
  | 'health'
  /** The open time is over: one trial may go. */
  | 'open-elapsed'
  | 'trial-failed'
  | 'trial-passed';

export interface BreakerFailure {
  readonly outcome: Outcome | 'probe';
  /** Status, error code or probe result: never an address. */
  readonly detail: string;
  /** ISO 8601 in JSON. */
  readonly at: Date;
}

export interface BreakerTransition {
  readonly upstream: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly reason: TransitionReason;
  /** At most the last five, oldest first. */
  readonly failures: readonly BreakerFailure[];
  /** ISO 8601 in JSON. */
  readonly at: Date;
}

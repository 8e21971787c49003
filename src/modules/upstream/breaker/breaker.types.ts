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
  | 'trial-passed'
  /** Enough replicas opened, or a trial of another replica failed or passed. */
  | 'replicas';

export interface BreakerFailure {
  readonly outcome: Outcome | 'probe';
  /** Status, error code or probe result: never an address. */
  readonly detail: string;
  /** ISO 8601 in JSON. */
  readonly at: Date;
}

/** The votes of some calls. */
export interface Votes {
  readonly successes: number;
  readonly failures: number;
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

export interface BreakerOpened {
  readonly kind: 'opened';
  readonly reason: TransitionReason;
  /** Milliseconds until a trial may go. A breaker that adopts this without it takes the time of its own trips. */
  readonly openFor?: number;
  /** Trips in a row. Default: one more than the breaker had that adopts this. */
  readonly trips?: number;
  /** Default: those of the breaker that adopts this. */
  readonly failures?: readonly BreakerFailure[];
}

/** What the breakers of the same upstream elsewhere have to know. */
export type BreakerNews =
  | BreakerOpened
  | { readonly kind: 'closed'; readonly reason: TransitionReason }
  /** A trial is under way, for so many milliseconds at most; 0 when it is over without a result. */
  | { readonly kind: 'trial'; readonly lasts: number };

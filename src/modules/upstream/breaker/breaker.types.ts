import type { Clock } from '../../../common/clock.js';
import type { Outcome } from '../../../common/errors/outcomes.js';
import type { BreakerConfig, HealthConfig } from '../../config/gateway-config.js';

export interface BreakerOptions {
  readonly upstream: string;
  readonly config: BreakerConfig;
  /** How many probes in a row count. Without it the breaker ignores probes. */
  readonly health?: Pick<HealthConfig, 'failures' | 'passes'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

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
  | 'replicas'
  /** An operator opened or closed it. */
  | 'manual';

export interface BreakerFailure {
  readonly outcome: Outcome | 'probe';
  /** Status, error code or probe result: never an address. */
  readonly detail: string;
  /** Host and port; not known of a probe, or when no target was asked. */
  readonly target?: string;
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
  /** Of the calls in the window of the breaker. */
  readonly votes: Votes;
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
  /** What was counted when it opened. Default: what the breaker has counted that adopts this. */
  readonly votes?: Votes;
  /** Milliseconds for which an operator keeps it open, perhaps infinite. */
  readonly isolatedFor?: number;
  /** When it opened. Default: now. */
  readonly since?: Date | undefined;
}

/** What the breakers of the same upstream elsewhere have to know. */
export type BreakerNews =
  | BreakerOpened
  | { readonly kind: 'closed'; readonly reason: TransitionReason }
  /** A trial is under way, for so many milliseconds at most; 0 when it is over without a result. */
  | { readonly kind: 'trial'; readonly lasts: number };

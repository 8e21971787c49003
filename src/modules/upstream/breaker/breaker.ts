import type { Clock } from '../../../common/clock.js';
import type { Outcome, Vote } from '../../../common/errors/outcomes.js';
import { Event } from '../../../common/event.js';
import type { BreakerConfig, HealthConfig } from '../../config/gateway-config.js';
import type { BreakerFailure, BreakerState, BreakerTransition, TransitionReason } from './breaker.types.js';
import { openTime } from './open-time.js';
import { VoteWindow } from './vote-window.js';

const KEPT_FAILURES = 5;
/** Milliseconds. */
const TRIAL_GRACE = 1_000;

export interface BreakerOptions {
  readonly upstream: string;
  readonly config: BreakerConfig;
  /** How many probes in a row count; without it probes are not heard. */
  readonly health?: Pick<HealthConfig, 'failures' | 'passes'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** One admitted call. Whoever holds it votes exactly once, with how the call ended. */
export interface Permit {
  /** @param detail status or error code, for the record of a failure */
  settle(vote: Vote, outcome: Outcome, detail: string): void;
}

/**
 * Decides who may call the upstream and what counts as a vote. opossum keeps the state, and hears of calls only after
 * the fact, so that one that is neutral, late, or never ends cannot move it.
 */
export class Breaker {
  readonly transition = new Event<BreakerTransition>();
  private readonly window: VoteWindow;
  private failures: readonly BreakerFailure[] = [];
  private last: BreakerState = 'closed';
  /** Why the coming transition happens, when it is neither the timer nor a trial that decides. */
  private because: TransitionReason | undefined;
  /** Counts transitions: a permit of an earlier one has no vote any more. */
  private generation = 0;
  private consecutive = 0;
  /** Monotonic milliseconds until which the trial under way is the only one. */
  private trialUntil = 0;
  private trips = 0;
  private closedAt: number;
  private openUntil = 0;
  private probesFailed = 0;
  private probesPassed = 0;

  constructor(private readonly options: BreakerOptions) {
    const { config, clock } = options;
    this.closedAt = clock.now();
    this.window = new VoteWindow(config, clock);
    this.window.opened.on(() => this.onOpen());
    this.window.halfOpened.on(() => this.onHalfOpen());
    this.window.closed.on(() => this.onClose());
  }

  get state(): BreakerState {
    return this.window.state;
  }

  /** At most the last five, oldest first. */
  get lastFailures(): readonly BreakerFailure[] {
    return this.failures;
  }

  /** @returns seconds until the next trial, at least 1 */
  get retryAfterSeconds(): number {
    return Math.max(1, Math.ceil((this.openUntil - this.options.clock.now()) / 1000));
  }

  /** Whether a call that came now would be rejected. */
  get isRejecting(): boolean {
    return this.options.config.mode !== 'shadow' && !this.hasRoom();
  }

  /**
   * @param deadline milliseconds the call has until response headers, at most
   * @returns a permit, or `undefined` when the call is rejected
   */
  admit(deadline: number): Permit | undefined {
    const permit = this.permit(deadline);
    return permit ?? (this.options.config.mode === 'shadow' ? UNCOUNTED : undefined);
  }

  private permit(deadline: number): Permit | undefined {
    if (!this.hasRoom()) return undefined;
    // A trial that never settles must not wedge the breaker: some time after its deadline another one may go.
    if (this.state === 'half-open') this.trialUntil = this.options.clock.now() + deadline + TRIAL_GRACE;
    return new CallPermit(this, this.generation);
  }

  private hasRoom(): boolean {
    const { state } = this.window;
    return state === 'closed' || (state === 'half-open' && this.options.clock.now() >= this.trialUntil);
  }

  /** What a health probe found; see `HealthConfig` for how many in a row decide. */
  reportProbe(passed: boolean, detail: string): void {
    const { health } = this.options;
    if (!health) return;
    this.probesPassed = passed ? this.probesPassed + 1 : 0;
    this.probesFailed = passed ? 0 : this.probesFailed + 1;
    if (!passed) this.record('probe', detail);
    if (this.state === 'closed') {
      if (this.probesFailed >= health.failures) this.trip('health');
    } else if (this.probesPassed >= health.passes) {
      // The probe was the trial, so that no user has to be.
      this.because = 'health';
      this.window.close();
    } else if (this.state === 'half-open' && !passed) {
      this.trip('health');
    }
  }

  /** Stops every timer. */
  shutdown(): void {
    this.window.shutdown();
  }

  /** @internal for the permits */
  settle(generation: number, vote: Vote, outcome: Outcome, detail: string): void {
    // The result of a call from before a transition says nothing about the upstream of today.
    if (generation !== this.generation) return;
    this.trialUntil = 0;
    if (vote === 'success') {
      this.consecutive = 0;
      this.window.succeed();
    } else if (vote === 'failure') {
      this.record(outcome, detail);
      this.consecutive++;
      if (this.state === 'half-open') this.trip('trial-failed');
      else if (this.consecutive >= this.options.config.consecutiveFailures) this.trip('consecutive-failures');
      else if (this.window.fail()) this.trip('error-rate');
    }
  }

  private trip(reason: TransitionReason): void {
    const { config, clock, random } = this.options;
    this.because = reason;
    // A close is stable once a whole window went by without a trip.
    if (this.last === 'closed' && clock.now() - this.closedAt >= config.window) this.trips = 0;
    // Before the trip: the timer starts with it.
    this.window.setOpenTime(openTime(config, this.trips, random()));
    this.window.open();
  }

  private onOpen(): void {
    this.openUntil = this.options.clock.now() + this.window.openTime;
    // Held open: no transition.
    if (this.last === 'open') return;
    this.trips++;
    this.changed('open', 'error-rate');
  }

  private onHalfOpen(): void {
    // Failing probes hold the breaker open: a user's request would only fail as well.
    if (this.options.health && this.probesFailed > 0) {
      this.window.open();
      return;
    }
    this.changed('half-open', 'open-elapsed');
  }

  private onClose(): void {
    this.closedAt = this.options.clock.now();
    this.window.clear();
    this.changed('closed', 'trial-passed');
  }

  private changed(to: BreakerState, usual: TransitionReason): void {
    const from = this.last;
    const reason = this.because ?? usual;
    this.because = undefined;
    this.last = to;
    // Only probes from after the trip can end it.
    if (to === 'open') this.probesPassed = 0;
    this.generation++;
    this.consecutive = 0;
    this.trialUntil = 0;
    const { upstream } = this.options;
    this.transition.emit({ upstream, from, to, reason, failures: this.failures, at: this.wallTime() });
  }

  private record(outcome: BreakerFailure['outcome'], detail: string): void {
    this.failures = [...this.failures, { outcome, detail, at: this.wallTime() }].slice(-KEPT_FAILURES);
  }

  private wallTime(): Date {
    return new Date(this.options.clock.wall());
  }
}

/** Of a call that only a shadow lets through: had it been rejected, there would be no result to count. */
const UNCOUNTED: Permit = { settle: () => undefined };

class CallPermit implements Permit {
  private open = true;

  constructor(
    private readonly breaker: Breaker,
    private readonly generation: number,
  ) {}

  settle(vote: Vote, outcome: Outcome, detail: string): void {
    if (!this.open) return;
    this.open = false;
    this.breaker.settle(this.generation, vote, outcome, detail);
  }
}

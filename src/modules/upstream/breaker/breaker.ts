import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from '../../../common/clock.js';
import type { Outcome, Vote } from '../../../common/errors/outcomes.js';
import { Event } from '../../../common/event.js';
import { jittered } from '../../../common/resilience/jitter.js';
import type { BreakerConfig, HealthConfig } from '../../config/gateway-config.js';
import type {
  BreakerFailure,
  BreakerNews,
  BreakerOpened,
  BreakerState,
  BreakerTransition,
  TransitionReason,
  Votes,
} from './breaker.types.js';
import { VoteWindow } from './vote-window.js';

const KEPT_FAILURES = 5;
/** Calls of its own that a breaker needs before it agrees with others, unless `minRequests` are fewer. */
const CALLS_TO_AGREE = 5;
/** Milliseconds. */
const TRIAL_GRACE = 1_000;
/** Spreads open times, so that the gateways of a fleet do not try an upstream again at the same instant. */
const OPEN_TIME_JITTER = 0.2;

export interface BreakerOptions {
  readonly upstream: string;
  readonly config: BreakerConfig;
  /** How many probes in a row count. Without it the breaker ignores probes. */
  readonly health?: Pick<HealthConfig, 'failures' | 'passes'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The generation of a permit that never votes. */
const NEVER = -1;

/**
 * Decides who may call the upstream, and when it opens and closes.
 *
 * The state and the open timer are opossum's. Calls are never made through it, so that one that is neutral, late, or
 * never ends cannot move it. Its own bulkhead, timeout, percentiles, snapshots and health check stay off: they vote, sort
 * the window on each failure, or outlive a shutdown. It does not count votes either: it adds up its whole window on each
 * failure, which costs more than the rest of a call.
 */
export class Breaker {
  readonly transition = new Event<BreakerTransition>();
  /** What breakers of the same upstream elsewhere have to know. What was adopted is told as well. */
  readonly news = new Event<BreakerNews>();
  /** Monotonic milliseconds of the last failed call. */
  failedAt = 0;
  private readonly engine: CircuitBreaker<[], void>;
  /** opossum reads `resetTimeout`, the length of the open time, each time it opens. */
  private readonly engineOptions: CircuitBreaker.Options<[]> & { resetTimeout: number };
  private config: BreakerConfig;
  private health: BreakerOptions['health'];
  private readonly votes: VoteWindow;
  private failures: readonly BreakerFailure[] = [];
  /** Counts transitions: a permit from before the last one has no vote. */
  private generation = 0;
  private consecutiveFailures = 0;
  /** Monotonic milliseconds until which the current trial is the only one. */
  private trialUntil = 0;
  /** Trips in a row, without a stable close between them. */
  private trips = 0;
  private closedAt: number;
  private openUntil = 0;
  /** Of the last transition. */
  private reason: TransitionReason = 'open-elapsed';
  private probesFailed = 0;
  private probesPassed = 0;

  constructor(private readonly options: BreakerOptions) {
    const { config, health, clock } = options;
    this.config = config;
    this.health = health;
    this.votes = new VoteWindow(config.window, clock);
    this.closedAt = clock.now();
    this.engineOptions = {
      timeout: false,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      // Nothing emits the event that would rotate opossum's window, so it needs no timer.
      rotateBucketController: new EventEmitter(),
      resetTimeout: config.openFor,
    };
    this.engine = new CircuitBreaker(() => Promise.resolve(), this.engineOptions);
    this.engine.on('halfOpen', () => this.onOpenTimeElapsed());
  }

  /** Takes a new configuration. The state stays, and so do the votes unless they are counted over another time. */
  reconfigure(config: BreakerConfig, health: BreakerOptions['health']): void {
    this.votes.resize(config.window);
    this.config = config;
    this.health = health;
  }

  get state(): BreakerState {
    if (this.engine.closed) return 'closed';
    return this.engine.halfOpen ? 'half-open' : 'open';
  }

  /** At most the last five, oldest first. */
  get lastFailures(): readonly BreakerFailure[] {
    return this.failures;
  }

  /** Milliseconds until the next trial; 0 unless the breaker is open. */
  get openFor(): number {
    return this.state === 'open' ? Math.max(0, this.openUntil - this.options.clock.now()) : 0;
  }

  /** @returns seconds until the next trial, at least 1 */
  get retryAfterSeconds(): number {
    return Math.max(1, Math.ceil((this.openUntil - this.options.clock.now()) / 1000));
  }

  /** Whether calls here fail at `errorRate` too, although there may be too few of them to open for. */
  get agreesToOpen(): boolean {
    const { minRequests, errorRate } = this.config;
    const { votes } = this;
    return votes.sum >= Math.min(minRequests, CALLS_TO_AGREE) && votes.errorRate >= errorRate;
  }

  /** Whether a call that came now would be rejected. */
  get isRejecting(): boolean {
    return this.config.mode !== 'shadow' && !this.hasRoom();
  }

  /**
   * @param timeout milliseconds the call has until response headers, at most
   * @returns a permit, or `undefined` when the call is rejected
   */
  admit(timeout: number): Permit | undefined {
    if (!this.hasRoom()) {
      // Outside of shadow mode the call would be rejected, and would bring no result to count.
      return this.config.mode === 'shadow' ? new Permit(this, NEVER, false) : undefined;
    }
    const isTrial = !this.engine.closed;
    // A trial that never settles must not wedge the breaker: some time after its deadline another one may go.
    if (isTrial) this.holdTrial(timeout + TRIAL_GRACE);
    return new Permit(this, this.generation, isTrial);
  }

  /** Takes over what a breaker of the same upstream elsewhere has decided. */
  adopt(news: BreakerNews): void {
    const from = this.state;
    if (news.kind === 'trial') {
      if (from === 'half-open') this.holdTrial(news.lasts);
    } else if (news.kind === 'closed') {
      if (from !== 'closed') this.close(news.reason);
    } else if (from !== 'open') {
      this.failures = news.failures ?? this.failures;
      this.trip(news.reason, news);
    }
  }

  /** @returns what makes another breaker open as this one is; `undefined` while it is closed */
  get asNews(): BreakerNews | undefined {
    if (this.state === 'closed') return undefined;
    // While it is half-open, the other one is soon.
    const openFor = Math.max(1, this.openFor);
    return { kind: 'opened', reason: this.reason, openFor, trips: this.trips, failures: this.failures };
  }

  /** @returns the votes since the last time, for `addVotes` in other processes; `undefined` if there were none */
  takeVotes(): Votes | undefined {
    return this.votes.take();
  }

  /**
   * Counts votes of another process, so that each breaker decides on the sum. They open nothing by themselves: only the next
   * failure here does, which is on record.
   */
  addVotes(votes: Votes): void {
    if (this.state !== 'closed') return;
    this.votes.add(votes);
    this.consecutiveFailures = votes.successes > 0 ? 0 : this.consecutiveFailures + votes.failures;
  }

  /**
   * Keeps a half-open breaker from a trial.
   *
   * @param lasts milliseconds; 0 when the next call may be one
   */
  hold(lasts: number): void {
    this.trialUntil = lasts > 0 ? this.options.clock.now() + lasts : 0;
  }

  /** Counts a health probe; `HealthConfig` says how many in a row decide. */
  reportProbe(passed: boolean, detail: string): void {
    const { health } = this;
    if (!health) return;
    this.probesPassed = passed ? this.probesPassed + 1 : 0;
    this.probesFailed = passed ? 0 : this.probesFailed + 1;
    if (!passed) this.record('probe', detail);
    if (this.state === 'closed') {
      if (this.probesFailed >= health.failures) this.trip('health');
    } else if (this.probesPassed >= health.passes) {
      // The probe was the trial, so that no user has to be.
      this.close('health');
    } else if (this.state === 'half-open' && !passed) {
      this.trip('health');
    }
  }

  /** A failed probe says nothing as long as its path may be wrong. So earlier ones do not hold the breaker open either. */
  ignoreProbe(): void {
    this.probesFailed = 0;
    this.probesPassed = 0;
  }

  /** Stops the timer. Calls that are still under way have no vote any more. */
  shutdown(): void {
    this.generation++;
    this.engine.shutdown();
  }

  /** @internal for the permits */
  settle(generation: number, vote: Vote, outcome: Outcome, detail: string): void {
    // The result of a call from before a transition says nothing about the upstream of today.
    if (generation !== this.generation) return;
    // A result is news of its own.
    if (this.trialUntil > 0 && vote === 'neutral') this.holdTrial(0);
    if (vote === 'success') this.succeed();
    else if (vote === 'failure') this.fail(outcome, detail);
  }

  /** The same as `hold`, for the breakers elsewhere too. */
  private holdTrial(lasts: number): void {
    this.hold(lasts);
    this.news.emit({ kind: 'trial', lasts });
  }

  private hasRoom(): boolean {
    const { state } = this;
    return state === 'closed' || (state === 'half-open' && this.options.clock.now() >= this.trialUntil);
  }

  private succeed(): void {
    this.consecutiveFailures = 0;
    if (this.state === 'closed') this.votes.succeed();
    else this.close('trial-passed');
  }

  private fail(outcome: Outcome, detail: string): void {
    this.failedAt = this.options.clock.now();
    this.record(outcome, detail);
    if (this.state === 'half-open') {
      this.trip('trial-failed');
      return;
    }
    const { consecutiveFailures, minRequests, errorRate } = this.config;
    const { votes } = this;
    votes.fail();
    if (++this.consecutiveFailures >= consecutiveFailures) this.trip('consecutive-failures');
    else if (votes.sum >= minRequests && votes.errorRate >= errorRate) this.trip('error-rate');
  }

  /** @param adopted overrides the open time and the number of trips */
  private trip(reason: TransitionReason, adopted: Partial<BreakerOpened> = {}): void {
    const { config } = this;
    const { clock, random } = this.options;
    const from = this.state;
    // A close is stable once a whole window has passed without a trip.
    if (from === 'closed' && clock.now() - this.closedAt >= config.window) this.trips = 0;
    const doubled = Math.min(config.openFor * 2 ** Math.min(this.trips, 30), config.maxOpenFor);
    const ownTime = Math.min(Math.round(jittered(doubled, OPEN_TIME_JITTER, random())), config.maxOpenFor);
    const openFor = adopted.openFor ?? ownTime;
    this.open(openFor);
    this.trips = adopted.trips ?? this.trips + 1;
    // Only probes from after the trip can end it.
    this.probesPassed = 0;
    this.changed(from, 'open', reason);
    this.news.emit({ kind: 'opened', reason, openFor, trips: this.trips, failures: this.failures });
  }

  /** @param ms until a trial may go */
  private open(ms: number): void {
    this.engineOptions.resetTimeout = ms;
    this.openUntil = this.options.clock.now() + ms;
    this.engine.open();
  }

  private onOpenTimeElapsed(): void {
    // Failing probes hold the breaker open: a user's request would only fail as well.
    if (this.health && this.probesFailed > 0) this.open(this.engineOptions.resetTimeout);
    else this.changed('open', 'half-open', 'open-elapsed');
  }

  private close(reason: TransitionReason): void {
    const from = this.state;
    this.engine.close();
    this.closedAt = this.options.clock.now();
    // Failures from before the trip must not count again.
    this.votes.clear();
    this.changed(from, 'closed', reason);
    this.news.emit({ kind: 'closed', reason });
  }

  private changed(from: BreakerState, to: BreakerState, reason: TransitionReason): void {
    this.generation++;
    this.consecutiveFailures = 0;
    this.trialUntil = 0;
    this.votes.forgetShared();
    this.reason = reason;
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

/** One admitted call. Its first vote counts; later ones are ignored. */
export class Permit {
  private isSettled = false;

  constructor(
    private readonly breaker: Breaker,
    private readonly generation: number,
    /** The call is the one that a half-open breaker admits to find out whether it may close. */
    readonly isTrial: boolean,
  ) {}

  /** @param detail status or error code, for the record of a failure */
  settle(vote: Vote, outcome: Outcome, detail: string): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.breaker.settle(this.generation, vote, outcome, detail);
  }
}

import type CircuitBreaker from 'opossum';
import type { Outcome, Vote } from '../../../common/errors/outcomes.js';
import { Event } from '../../../common/event.js';
import { LONGEST_TIMER_MS } from '../../../common/units.js';
import type { BreakerConfig } from '../../config/gateway-config.js';
import type {
  BreakerFailure,
  BreakerNews,
  BreakerOpened,
  BreakerOptions,
  BreakerState,
  BreakerTransition,
  TransitionReason,
  Votes,
} from './breaker.types.js';
import { createEngine, type EngineOptions, openTime } from './engine.js';
import { Permit } from './permit.js';
import { VoteWindow } from './vote-window.js';

const KEPT_FAILURES = 5;
const TRIAL_GRACE_MS = 1_000;
/** The generation of a permit that never votes. */
const NEVER = -1;

/**
 * Decides who may call the upstream, and when it opens and closes.
 *
 * The state and the open timer are opossum's. Calls are never made through it, so that one that is neutral, late, or
 * never ends cannot move it. It does not count votes either: it adds up its whole window on each failure, which costs more
 * than the rest of a call.
 */
export class Breaker {
  readonly transition = new Event<BreakerTransition>();
  /** What breakers of the same upstream elsewhere have to know. What was adopted is told as well. */
  readonly news = new Event<BreakerNews>();
  /** Monotonic milliseconds of the last failed call. */
  failedAt = 0;
  private readonly engine: CircuitBreaker<[], void>;
  private readonly engineOptions: EngineOptions;
  private config: BreakerConfig;
  private health: BreakerOptions['health'];
  /** Of the calls in the window. */
  readonly votes: VoteWindow;
  /** At most the last five, oldest first. */
  lastFailures: readonly BreakerFailure[] = [];
  /** Counts transitions: a permit from before the last one has no vote. */
  private generation = 0;
  private consecutiveFailures = 0;
  /** Monotonic milliseconds until which the current trial is the only one. */
  private trialUntil = 0;
  /** Trips in a row, without a stable close between them. */
  private trips = 0;
  private closedAt: number;
  private openUntil = 0;
  /** Monotonic milliseconds until which an operator keeps it open. */
  private isolatedUntil = 0;
  /** Of its state; `undefined` before the first transition. */
  since: Date | undefined;
  reason: TransitionReason = 'open-elapsed';
  private probesFailed = 0;
  private probesPassed = 0;

  constructor(private readonly options: BreakerOptions) {
    const { config, health, clock } = options;
    this.config = config;
    this.health = health;
    this.votes = new VoteWindow(config.window, clock);
    this.closedAt = clock.now();
    [this.engine, this.engineOptions] = createEngine(config.openFor, clock);
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

  /** Milliseconds until the next trial; 0 unless the breaker is open. */
  get openFor(): number {
    return this.state === 'open' ? Math.max(0, this.openUntil - this.options.clock.now()) : 0;
  }

  /** @returns seconds until the next trial, at least 1; when nobody knows, the longest that a breaker opens by itself */
  get retryAfterSeconds(): number {
    const left = this.openUntil - this.options.clock.now();
    return Math.max(1, Math.ceil((left === Number.POSITIVE_INFINITY ? this.config.maxOpenFor : left) / 1000));
  }

  /** Milliseconds for which an operator keeps it open; infinite until somebody releases it, and 0 otherwise. */
  get isolatedFor(): number {
    return Math.max(0, this.isolatedUntil - this.options.clock.now());
  }

  /** Whether calls here fail at `errorRate` too, although there may be too few of them to open for. */
  get agreesToOpen(): boolean {
    return this.votes.agree(this.config);
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
    if (isTrial) this.holdTrial(timeout + TRIAL_GRACE_MS);
    return new Permit(this, this.generation, isTrial);
  }

  /** Takes over what a breaker of the same upstream elsewhere has decided. */
  adopt(news: BreakerNews): void {
    const from = this.state;
    if (news.kind === 'trial') {
      if (from === 'half-open') this.holdTrial(news.lasts);
    } else if (news.reason === 'manual') {
      if (news.kind === 'closed') this.closeManually();
      else this.openManually(news.openFor ?? 1, news.isolatedFor);
    } else if (this.isolatedFor > 0) {
      // An operator's word counts more than what others have seen.
    } else if (news.kind === 'closed') {
      if (from !== 'closed') this.close(news.reason);
    } else if (from !== 'open') {
      this.lastFailures = news.failures ?? this.lastFailures;
      this.trip(news.reason, news);
    }
    if (news.kind === 'opened') this.since = news.since ?? this.since;
  }

  /** @returns what makes another breaker open as this one is; `undefined` while it is closed */
  get asNews(): BreakerOpened | undefined {
    if (this.state === 'closed') return undefined;
    // While it is half-open, the other one is soon.
    return { ...this.opened(this.reason, Math.max(1, this.openFor)), since: this.since };
  }

  /**
   * Keeps the breaker open whatever calls, probes and other replicas find.
   *
   * @param lasts milliseconds, after which a trial may go; infinite until `release` or `closeManually`
   */
  isolate(lasts: number): void {
    this.openManually(lasts, lasts);
  }

  /** Ends an isolation: the next call is a trial. */
  release(): void {
    if (this.isolatedFor > 0) this.openManually(1);
  }

  /** Closes the breaker, which counts anew from now on. */
  closeManually(): void {
    this.isolatedUntil = 0;
    this.trips = 0;
    this.ignoreProbe();
    this.close('manual');
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
    if (this.isolatedFor > 0) return;
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
  settle(generation: number, vote: Vote, outcome: Outcome, detail: string, target?: string): void {
    // The result of a call from before a transition says nothing about the upstream of today.
    if (generation !== this.generation) return;
    // A result is news of its own. A trial has none either when no target had room for it.
    if (this.trialUntil > 0 && (vote === 'neutral' || vote === 'none')) this.holdTrial(0);
    if (vote === 'success') this.succeed();
    else if (vote === 'failure') this.fail(outcome, detail, target);
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

  private fail(outcome: Outcome, detail: string, target: string | undefined): void {
    this.failedAt = this.options.clock.now();
    this.record(outcome, detail, target);
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
    const { config, state: from } = this;
    const { clock, random } = this.options;
    // A close is stable once a whole window has passed without a trip.
    if (from === 'closed' && clock.now() - this.closedAt >= config.window) this.trips = 0;
    const openFor = adopted.openFor ?? openTime(config, this.trips, random());
    this.open(openFor);
    this.trips = adopted.trips ?? this.trips + 1;
    // Only probes from after the trip can end it.
    this.probesPassed = 0;
    this.changed(from, 'open', reason, adopted.votes);
    this.news.emit(this.opened(reason, openFor));
  }

  /** @param isolatedFor milliseconds for which only an operator can close it */
  private openManually(openFor: number, isolatedFor = 0): void {
    const from = this.state;
    this.isolatedUntil = this.options.clock.now() + isolatedFor;
    // opossum takes no other open time while it is open.
    this.engine.close();
    this.open(openFor);
    this.probesPassed = 0;
    if (from === 'open') this.reason = 'manual';
    else this.changed(from, 'open', 'manual');
    this.news.emit(this.opened('manual', openFor));
  }

  private opened(reason: TransitionReason, openFor: number): BreakerOpened {
    const { trips, lastFailures: failures } = this;
    const isolatedFor = this.isolatedFor || undefined;
    return { kind: 'opened', reason, openFor, trips, failures, votes: this.votes.counts, isolatedFor };
  }

  /** @param ms until a trial may go */
  private open(ms: number): void {
    this.engineOptions.resetTimeout = Math.min(ms, LONGEST_TIMER_MS);
    this.openUntil = this.options.clock.now() + ms;
    this.engine.open();
  }

  private onOpenTimeElapsed(): void {
    if (this.reason === 'manual') this.engineOptions.resetTimeout = this.config.openFor;
    // Failing probes hold the breaker open: a user's request would only fail as well.
    if (this.isolatedFor > 0) this.open(this.isolatedFor);
    else if (this.health && this.probesFailed > 0) this.open(this.engineOptions.resetTimeout);
    else this.changed('open', 'half-open', 'open-elapsed');
  }

  private close(reason: TransitionReason): void {
    const from = this.state;
    this.engine.close();
    this.closedAt = this.options.clock.now();
    // Failures from before the trip must not count again.
    const { counts } = this.votes;
    this.votes.clear();
    if (from !== 'closed') this.changed(from, 'closed', reason, counts);
    this.news.emit({ kind: 'closed', reason });
  }

  private changed(
    from: BreakerState,
    to: BreakerState,
    reason: TransitionReason,
    votes = this.votes.counts,
  ): void {
    this.generation++;
    this.consecutiveFailures = 0;
    this.trialUntil = 0;
    this.votes.forgetShared();
    this.reason = reason;
    const at = (this.since = this.wallTime());
    const { lastFailures: failures, options } = this;
    this.transition.emit({ upstream: options.upstream, from, to, reason, votes, failures, at });
  }

  private record(outcome: BreakerFailure['outcome'], detail: string, target?: string): void {
    const failure = { outcome, detail, target, at: this.wallTime() };
    this.lastFailures = [...this.lastFailures, failure].slice(-KEPT_FAILURES);
  }

  private wallTime(): Date {
    return new Date(this.options.clock.wall());
  }
}

import type { ReplicaStore } from './replica-store.js';

/** Milliseconds for which the replica that comes first may wait for a call to try the upstream with. */
const PRIORITY = 500;
/** Milliseconds by which holds and leases outlast the timers behind them. */
const MARGIN = 250;

export interface TrialTurnOptions {
  readonly upstream: string;
  readonly store: Pick<ReplicaStore, 'newToken' | 'take' | 'remaining' | 'end'>;
  /** Keeps the half-open breaker from a trial for so many milliseconds; with 0 the next call may be one. */
  readonly hold: (ms: number) => void;
}

/**
 * Sees to it that one replica at a time tries an upstream whose breaker is half-open: the one that has the lease. Calls
 * never wait for Redis, so the lease is taken before there is a call:
 *
 * 1. Each replica asks for the lease at once. The first one gets it for a while, and the others hold their breakers.
 * 2. If it has begun a trial by then, they hold them until that is over.
 * 3. If not, one of those that have rejected calls meanwhile comes next, and those without calls hold no longer. When calls
 *    are that rare, the first call at any replica is the trial, and takes the lease while it is under way.
 *
 * Without Redis, each replica runs its own trial.
 */
export class TrialTurn {
  /** Of the lease that this replica has, or has asked for with its trial. */
  private token: string | undefined;
  private isWaiting = false;
  private hasRejected = false;
  /** Counts what makes an answer of Redis outdated. */
  private round = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: TrialTurnOptions) {}

  /** The breaker is half-open. */
  async ask(): Promise<void> {
    const { upstream, store, hold } = this.options;
    const round = this.next();
    const token = store.newToken();
    this.isWaiting = true;
    hold(PRIORITY + MARGIN);
    const remaining = await store.take(upstream, token, PRIORITY + MARGIN);
    if (round === this.round) {
      this.follow(remaining);
      if (remaining === 0) this.token = token;
    } else if (remaining === 0) {
      void store.end(upstream, token);
    }
  }

  /** A call was rejected, because the breaker is held or open. */
  onRejected(): void {
    this.hasRejected = true;
  }

  /**
   * A trial of this replica is under way.
   *
   * @param lasts milliseconds, at most; 0 when it is over without a result, and the next call here may be the trial
   */
  onTrial(lasts: number): void {
    const { upstream, store } = this.options;
    const ms = (lasts > 0 ? lasts : PRIORITY) + MARGIN;
    // If another replica was first, what comes of this trial counts here alone.
    void store.take(upstream, (this.token ??= store.newToken()), ms, true);
  }

  /** Another replica has the lease, for so many milliseconds. Here the breaker is half-open, too. */
  onLease(ms: number): void {
    this.follow(ms);
  }

  /** The replica that had the lease has given it up. */
  onLeaseEnded(): void {
    if (this.isWaiting) void this.ask();
  }

  /** The breaker is not half-open any more. @param passed the result of the trial, if it was the trial that decided */
  end(passed?: boolean): void {
    const { upstream, store } = this.options;
    const { token } = this;
    this.next();
    if (token !== undefined) void store.end(upstream, token, passed);
  }

  /** Redis is away, so this replica decides by itself. */
  fallBack(): void {
    const { isWaiting } = this;
    this.next();
    if (isWaiting) this.options.hold(0);
  }

  /** @param remaining milliseconds for which another replica has the lease; 0 for nobody, `undefined` without an answer */
  private follow(remaining = 0): void {
    const { hold } = this.options;
    clearTimeout(this.timer);
    this.isWaiting = remaining > 0;
    this.hasRejected = false;
    hold(remaining > 0 ? remaining + MARGIN : 0);
    if (remaining > 0) this.timer = setTimeout(() => void this.onLeaseOver(), remaining).unref();
  }

  private async onLeaseOver(): Promise<void> {
    if (this.hasRejected) return this.ask();
    const { round } = this;
    const remaining = await this.options.store.remaining(this.options.upstream);
    if (round === this.round) this.follow(remaining);
  }

  private next(): number {
    clearTimeout(this.timer);
    this.isWaiting = false;
    this.token = undefined;
    return ++this.round;
  }
}

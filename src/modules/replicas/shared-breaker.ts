import type { Clock } from '../../common/clock.js';
import type { ProcessRole } from '../config/config.tokens.js';
import type { BreakerNews } from '../upstream/breaker/breaker.types.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { agreedOpenTime, type Vote } from './quorum.js';
import { TrialTurn, type TrialTurnOptions } from './trial-turn.js';

/** Milliseconds after which the breakers of all workers are half-open once that of the primary is. */
const WORKERS_DELAY = 50;

export interface SharedBreakerOptions {
  readonly upstream: Pick<UpstreamProxy, 'id' | 'config' | 'breaker' | 'rejected'>;
  readonly store: TrialTurnOptions['store'];
  /** @returns whether there are other replicas, and Redis answers */
  readonly isShared: () => boolean;
  /** The vote was cast or withdrawn. */
  readonly onVote: (isCast: boolean) => void;
  readonly clock: Clock;
  /** A primary decides for its workers. */
  readonly role: Exclude<ProcessRole, 'worker'>;
}

/** A breaker that takes part in the decisions of all replicas. In shadow mode it keeps to itself. */
export class SharedBreaker {
  private readonly turn: TrialTurn;
  private readonly stopListening: (() => void)[];
  /** Monotonic milliseconds at which it opened by calls or probes of this replica. */
  private votedAt: number | undefined;
  private closedAt = -Infinity;
  /** The replica whose failed trial this breaker adopted last, since it was closed. */
  private failedBy: string | undefined;
  private isAdopting = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: SharedBreakerOptions) {
    const { upstream, store } = options;
    const { id, breaker, rejected } = upstream;
    this.turn = new TrialTurn({ upstream: id, store, hold: (ms) => this.hold(ms) });
    this.stopListening = [
      breaker.news.on((news) => this.onNews(news)),
      breaker.transition.on(({ to }) => {
        if (to === 'half-open' && !this.isShadow) this.onHalfOpen();
      }),
      rejected.on(() => this.turn.onRejected()),
    ];
  }

  /** What this replica says by itself. What it has adopted is nothing that it has seen. */
  get vote(): Vote | undefined {
    const { openFor } = this.options.upstream.breaker;
    if (this.votedAt === undefined || openFor === 0 || this.isShadow) return undefined;
    return { age: this.options.clock.now() - this.votedAt, openFor };
  }

  /**
   * Opens when enough other replicas have, or one of them while calls of this one fail as well.
   *
   * @param votes those of the others
   */
  hear(votes: readonly Vote[], needed: number): void {
    const { upstream, clock } = this.options;
    const { breaker, config } = upstream;
    if (breaker.state !== 'closed' || this.isShadow) return;
    // The breaker has closed since then, for reasons that are newer.
    const since = clock.now() - this.closedAt;
    const newer = votes.filter(({ age }) => age < since);
    const agreed = agreedOpenTime(newer, needed);
    const openFor = agreed === 0 && breaker.agreesToOpen ? agreedOpenTime(newer, newer.length) : agreed;
    if (openFor === 0) return;
    this.adopt({ kind: 'opened', reason: 'replicas', openFor: Math.min(openFor, config.breaker.maxOpenFor) });
  }

  /** Another replica may try the upstream, for so many milliseconds. */
  onLease(ms: number): void {
    if (this.options.upstream.breaker.state === 'half-open' && !this.isShadow) this.turn.onLease(ms);
  }

  /** The replica that has the lease has tried the upstream. */
  onTrial(from: string, passed: boolean): void {
    const { breaker } = this.options.upstream;
    if (this.isShadow) return;
    if (passed) {
      this.adopt({ kind: 'closed', reason: 'replicas' });
    } else if (breaker.state === 'half-open') {
      if (from === this.failedBy) {
        // Perhaps only that replica cannot reach the upstream. Another one has to try.
        this.turn.onLeaseEnded();
        return;
      }
      this.failedBy = from;
      this.adopt({ kind: 'opened', reason: 'replicas' });
    }
  }

  /** Redis is away. */
  fallBack(): void {
    this.turn.fallBack();
  }

  /** The upstream is not configured any more. */
  stop(): void {
    for (const stop of this.stopListening) stop();
    clearTimeout(this.timer);
    this.turn.end();
  }

  private get isShadow(): boolean {
    return this.options.upstream.config.breaker.mode === 'shadow';
  }

  private onHalfOpen(): void {
    const { role, isShared, upstream } = this.options;
    if (role === 'only') {
      if (isShared()) void this.turn.ask();
      return;
    }
    // The workers hold their breakers until they hear of this one, and must be half-open by then.
    this.timer = setTimeout(() => {
      if (upstream.breaker.state !== 'half-open') return;
      if (isShared()) void this.turn.ask();
      else this.hold(0);
    }, WORKERS_DELAY).unref();
  }

  private hold(lasts: number): void {
    this.adopt({ kind: 'trial', lasts });
  }

  private onNews(news: BreakerNews): void {
    const { isAdopting } = this;
    if (news.kind === 'trial') {
      if (!isAdopting) this.turn.onTrial(news.lasts);
      return;
    }
    const hadVote = this.votedAt !== undefined;
    const now = this.options.clock.now();
    // An operator's word is no evidence of an outage. The other replicas hear it by itself.
    const isVote = news.kind === 'opened' && news.reason !== 'manual' && !isAdopting;
    this.votedAt = isVote ? now : undefined;
    if (news.kind === 'closed') {
      this.closedAt = now;
      this.failedBy = undefined;
    }
    const isResult = news.reason === 'trial-passed' || news.reason === 'trial-failed';
    this.turn.end(isResult ? news.kind === 'closed' : undefined);
    const isCast = this.votedAt !== undefined;
    if (isCast || hadVote) this.options.onVote(isCast);
  }

  private adopt(news: BreakerNews): void {
    this.isAdopting = true;
    try {
      this.options.upstream.breaker.adopt(news);
    } finally {
      this.isAdopting = false;
    }
  }
}

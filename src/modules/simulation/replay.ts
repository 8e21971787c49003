import type { SetClock } from '../../common/set-clock.js';
import type { BreakerConfig } from '../config/gateway-config.js';
import { Breaker } from '../upstream/breaker/breaker.js';
import type { BreakerState, BreakerTransition, TransitionReason } from '../upstream/breaker/breaker.types.js';
import type { LoggedCall } from './logged-call.js';

/** A time in which a breaker let nobody through but trials. */
export interface Opening {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: TransitionReason;
  /** When it closed; `undefined` when the log ends before. */
  until: number | undefined;
  failedTrials: number;
  /** Failing calls that it would have rejected. */
  saved: number;
  /** Good calls that it would have rejected. */
  refused: number;
}

/** Openings that are kept one by one. Of a breaker that opens more often, the later ones are only counted. */
const KEPT_OPENINGS = 1_000;
/** States that calls may have begun in, long before they ended. */
const KEPT_STATES = 200;
/** The middle of the jitter of open times, so that the same log always gives the same report. */
const NO_JITTER = 0.5;

/** What one breaker would have done with the calls to an upstream. */
export class Replay {
  readonly openings: Opening[] = [];
  opened = 0;
  saved = 0;
  refused = 0;
  /** Tries of the failing calls that were saved, retries included. */
  savedTries = 0;
  /** Milliseconds that it was open in all, until the last close. */
  private openMs = 0;
  private readonly breaker: Breaker;
  /** Oldest first; the last one is that of now. */
  private readonly states: { readonly since: number; readonly state: BreakerState }[] = [
    { since: Number.NEGATIVE_INFINITY, state: 'closed' },
  ];
  private stateSince = Number.NEGATIVE_INFINITY;
  /** The last one, also once it is over. */
  private current: Opening | undefined;

  constructor(
    upstream: string,
    readonly config: BreakerConfig,
    private readonly clock: SetClock,
  ) {
    this.breaker = new Breaker({
      upstream,
      // In shadow mode nothing would be rejected, and the question is what would be.
      config: { ...config, mode: 'enforce' },
      clock,
      random: () => NO_JITTER,
    });
    this.breaker.transition.on((transition) => this.onTransition(transition));
  }

  /** @param call that ends now, on the clock */
  take(call: LoggedCall): void {
    if (call.startedAt < this.stateSince) {
      // As of any breaker, the result of a call from before a transition counts nowhere.
      if (this.stateAt(call.startedAt) !== 'closed') this.reject(call);
      return;
    }
    // It began in this state, so that it is the same whether it is admitted now or was then.
    const permit = this.breaker.admit(0);
    if (permit) permit.settle(call.vote, call.outcome, call.detail);
    else this.reject(call);
  }

  /** Milliseconds that it was open in all. */
  get openFor(): number {
    const { current } = this;
    return this.openMs + (current && current.until === undefined ? this.clock.now() - current.at : 0);
  }

  private reject({ vote, tries }: LoggedCall): void {
    if (vote === 'failure') {
      this.saved++;
      this.savedTries += tries;
      if (this.current) this.current.saved++;
    } else if (vote === 'success') {
      this.refused++;
      if (this.current) this.current.refused++;
    }
  }

  private stateAt(time: number): BreakerState {
    return this.states.findLast(({ since }) => since <= time)?.state ?? 'closed';
  }

  private onTransition({ from, to, reason, at }: BreakerTransition): void {
    const since = at.getTime();
    this.stateSince = since;
    this.states.push({ since, state: to });
    if (this.states.length > KEPT_STATES) this.states.shift();
    if (to === 'closed' && this.current) {
      this.openMs += since - this.current.at;
      this.current.until = since;
    } else if (from === 'closed') {
      this.opened++;
      this.current = { at: since, reason, until: undefined, failedTrials: 0, saved: 0, refused: 0 };
      if (this.openings.length < KEPT_OPENINGS) this.openings.push(this.current);
    } else if (to === 'open' && this.current) {
      this.current.failedTrials++;
    }
  }
}

import type { Clock } from '../../../common/clock.js';
import type { Event } from '../../../common/event.js';
import type { RetryBudget } from '../../../common/resilience/retry-budget.js';
import { RollingHistogram } from '../../../common/resilience/rolling-histogram.js';
import type { HedgeConfig } from '../../config/gateway-config.js';
import type { Target } from '../target.js';
import type { TargetSet } from '../target-set.js';
import type { Call } from '../transport/call.js';
import type { TryOnce, TryOptions } from './retrier.js';
import { mayBeSentTwice } from './retry-policy.js';

const LOOK_BACK = { window: 10_000, samples: 1_000 };
/** A percentile of fewer samples says nothing. */
const MIN_SAMPLES = 20;
/** The percentile is computed again after so many samples. */
const SAMPLES_PER_UPDATE = 16;
/** Milliseconds: where everything is fast, a second try cannot come in time to help. */
const FLOOR_MS = 10;

/** Label of `breakwater_hedges_total`: whether the second try answered first, or was not made at all. */
export type HedgeResult = 'won' | 'lost' | 'failed' | 'no_budget';

export interface HedgerOptions {
  readonly clock: Clock;
  readonly budget: RetryBudget;
  /** Statuses that win only when the other try brings no better one. */
  readonly failureStatuses: ReadonlySet<number>;
  readonly targets: Pick<TargetSet, 'hasOther' | 'haveOthersAnswered' | 'recordLate'>;
  readonly ended: Event<HedgeResult>;
}

/** A target that answers nothing for this share of a call's time is taken for frozen. */
const SILENT_SHARE = 1 / 3;

/**
 * Makes a second try at another target when the first one is slow, and takes the answer that comes first
 * ("The Tail at Scale", Dean and Barroso, 2013). Only for `GET` and `HEAD`, and within the retry budget.
 *
 * Every request with a safe method also gets another try when its target seems frozen: when it has answered nothing at
 * all for a third of the deadline. Giving up the first try then instead would fail what is slow and not frozen.
 */
export class Hedger {
  /** Exists only for `p95`. */
  private readonly latency: RollingHistogram | undefined;
  private untilUpdate = MIN_SAMPLES;
  private after: number | undefined;

  /**
   * @param config `undefined` for tries in place of frozen targets only
   * @param previous the one of the configuration before, whose measurements stay
   */
  constructor(
    config: HedgeConfig | undefined,
    readonly options: HedgerOptions,
    previous?: Hedger,
  ) {
    if (config?.after !== 'p95') {
      this.after = config?.after;
      return;
    }
    this.latency = previous?.latency ?? new RollingHistogram(LOOK_BACK, options.clock);
    if (previous?.latency) ({ after: this.after, untilUpdate: this.untilUpdate } = previous);
  }

  /** @throws UpstreamError when no try brings a response head */
  run(options: TryOptions, tryOnce: TryOnce): Promise<Call> {
    const { request } = options;
    if (!mayBeSentTwice(request)) return tryOnce(options);
    const { method, body } = request;
    const isHedgeable = method !== 'OPTIONS' && body === undefined;
    return new Race(this, options, tryOnce).run(isHedgeable ? this.after : undefined);
  }

  /** @param ms from the start of a try to its response head, or to the moment it was given up */
  record(ms: number): void {
    if (!this.latency) return;
    this.latency.record(ms);
    if (--this.untilUpdate > 0) return;
    this.untilUpdate = SAMPLES_PER_UPDATE;
    this.after = Math.max(FLOOR_MS, this.latency.quantile(0.95));
  }
}

interface RaceTry {
  startedAt: number;
  target: Target | undefined;
  call: Call | undefined;
  isPending: boolean;
}

/** One try, and perhaps others beside it. The first good response wins. */
class Race {
  private readonly tries: RaceTry[] = [];
  private readonly result = Promise.withResolvers<Call>();
  private over = false;
  private timer: NodeJS.Timeout | undefined;
  /** A response with a failure status, kept in case another try brings nothing better. */
  private held: Call | undefined;

  constructor(
    private readonly hedger: Hedger,
    private readonly options: TryOptions,
    private readonly tryOnce: TryOnce,
  ) {}

  /** @param after milliseconds until the second try; `undefined` for one in place of a frozen target only */
  run(after: number | undefined): Promise<Call> {
    this.try();
    if (after === undefined) this.watch();
    else this.schedule(() => this.hedge(), after);
    return this.result.promise;
  }

  /** Milliseconds. */
  private get silentTime(): number {
    return this.options.deadline.timeout * SILENT_SHARE;
  }

  private schedule(next: () => void, ms: number): void {
    if (ms < this.options.deadline.remaining()) this.timer = setTimeout(next, ms);
  }

  private hedge(): void {
    const { budget, targets } = this.hedger.options;
    if (!targets.hasOther(this.options.tried)) return;
    if (budget.acquire()) this.try();
    else this.hedger.options.ended.emit('no_budget');
    this.watch();
  }

  /** Makes another try when the target of the latest one has been silent for too long. */
  private watch(): void {
    const { budget, clock, targets } = this.hedger.options;
    const { tried } = this.options;
    const latest = this.tries.at(-1);
    const silentSince = Math.max(latest?.startedAt ?? 0, latest?.target?.answeredAt ?? 0);
    const left = this.silentTime - (clock.now() - silentSince);
    if (left > 0) {
      this.schedule(() => this.watch(), left);
      return;
    }
    if (!targets.hasOther(tried)) return;
    // While others answer in less time, what a frozen target does not do is no load that the budget would have to limit.
    if (budget.acquire() || targets.haveOthersAnswered(tried, silentSince)) this.try();
    else this.hedger.options.ended.emit('no_budget');
    this.schedule(() => this.watch(), this.silentTime);
  }

  private try(): void {
    const { tried } = this.options;
    const before = tried.length;
    const each: RaceTry = { startedAt: 0, target: undefined, call: undefined, isPending: true };
    this.tries.push(each);
    const isHedge = this.tries.length > 1;
    this.tryOnce({ ...this.options, isHedge, onStart: (call) => (each.call = call) }).then(
      (call) => this.onHead(each, call),
      (error: unknown) => this.onFailure(each, error),
    );
    // The target was picked by now. A trial that began after the try would not be this try.
    each.target = tried[before];
    each.startedAt = this.hedger.options.clock.now();
  }

  private get isPending(): boolean {
    return this.tries.some((each) => each.isPending);
  }

  private onHead(from: RaceTry, call: Call): void {
    if (this.over) {
      void call.discard();
      return;
    }
    from.isPending = false;
    const failed = this.hedger.options.failureStatuses.has(call.status);
    if (failed && this.isPending) {
      if (this.held) void this.held.discard();
      this.held = call;
      return;
    }
    // Of two failures the client gets the later one, as it would of a retry.
    this.end(failed ? 'failed' : from === this.tries[0] ? 'lost' : 'won');
    void this.held?.discard();
    if (!failed) this.recordAnswer(from);
    this.result.resolve(call);
    for (const each of this.tries) if (each.isPending) each.call?.giveUp();
  }

  private onFailure(from: RaceTry, error: unknown): void {
    if (this.over) return;
    from.isPending = false;
    if (this.isPending) return;
    this.end('failed');
    if (this.held) this.result.resolve(this.held);
    else this.result.reject(error);
  }

  private end(result: HedgeResult): void {
    this.over = true;
    clearTimeout(this.timer);
    if (this.tries.length > 1) this.hedger.options.ended.emit(result);
  }

  /** Records the latency of a try that is given up as well: without the slow ones the percentile would keep sinking. */
  private recordAnswer(from: RaceTry): void {
    const { clock, targets } = this.hedger.options;
    const now = clock.now();
    let isEarlier = true;
    for (const each of this.tries) {
      if (each === from) isEarlier = false;
      else if (isEarlier && each.isPending && each.target) targets.recordLate(each.target, each.startedAt);
      this.hedger.record(now - each.startedAt);
    }
  }
}

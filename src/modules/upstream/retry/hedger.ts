import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import type { RetryBudget } from '../../../common/resilience/retry-budget.js';
import { RollingHistogram } from '../../../common/resilience/rolling-histogram.js';
import type { HedgeConfig } from '../../config/gateway-config.js';
import type { Target } from '../target.js';
import type { TargetSet } from '../target-set.js';
import type { Call } from '../transport/call.js';
import type { TryOnce, TryOptions } from './retrier.js';

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
  readonly targets: Pick<TargetSet, 'hasOther' | 'recordLate'>;
}

/**
 * Makes a second try at another target when the first one is slow, and takes the answer that comes first
 * ("The Tail at Scale", Dean and Barroso, 2013). Only for `GET` and `HEAD`, and within the retry budget.
 */
export class Hedger {
  readonly ended = new Event<HedgeResult>();
  private readonly latency: RollingHistogram;
  private untilUpdate = MIN_SAMPLES;
  private after: number | undefined;

  constructor(
    { after }: HedgeConfig,
    readonly options: HedgerOptions,
  ) {
    this.latency = new RollingHistogram(LOOK_BACK, options.clock);
    if (after !== 'p95') {
      this.after = after;
      this.untilUpdate = Number.POSITIVE_INFINITY;
    }
  }

  /** @throws UpstreamError when no try brings a response head */
  run(options: TryOptions, tryOnce: TryOnce): Promise<Call> {
    const { method, body, upgrade } = options.request;
    // Two handshakes would be two WebSockets.
    const isHedgeable = (method === 'GET' || method === 'HEAD') && body === undefined && !upgrade;
    if (!isHedgeable) return tryOnce(options);
    return new Race(this, options, tryOnce).run(this.after);
  }

  /** @param ms from the start of a try to its response head, or to the moment it was given up */
  record(ms: number): void {
    this.latency.record(ms);
    if (--this.untilUpdate > 0) return;
    this.untilUpdate = SAMPLES_PER_UPDATE;
    this.after = Math.max(FLOOR_MS, this.latency.quantile(0.95));
  }
}

/** One try, and perhaps a second one beside it. The first good response wins. */
class Race {
  private readonly startedAt: number[] = [];
  private readonly calls: (Call | undefined)[] = [];
  private readonly result = Promise.withResolvers<Call>();
  private first: Target | undefined;
  private pending = 0;
  private over = false;
  private timer: NodeJS.Timeout | undefined;
  /** A response with a failure status, kept in case the other try brings nothing better. */
  private held: Call | undefined;

  constructor(
    private readonly hedger: Hedger,
    private readonly options: TryOptions,
    private readonly tryOnce: TryOnce,
  ) {}

  /** @param after milliseconds until the second try; `undefined` for none */
  run(after: number | undefined): Promise<Call> {
    this.try();
    this.first = this.options.tried.at(-1);
    if (after !== undefined && after < this.options.deadline.remaining()) {
      this.timer = setTimeout(() => this.hedge(), after);
    }
    return this.result.promise;
  }

  private hedge(): void {
    const { budget, targets } = this.hedger.options;
    if (!targets.hasOther(this.options.tried)) return;
    if (budget.acquire()) this.try();
    else this.hedger.ended.emit('no_budget');
  }

  private try(): void {
    const index = this.startedAt.push(this.hedger.options.clock.now()) - 1;
    this.pending++;
    this.tryOnce({ ...this.options, onStart: (call) => (this.calls[index] = call) }).then(
      (call) => this.onHead(index, call),
      (error: unknown) => this.onFailure(error),
    );
  }

  private onHead(index: number, call: Call): void {
    if (this.over) {
      void call.discard();
      return;
    }
    this.pending--;
    const failed = this.hedger.options.failureStatuses.has(call.status);
    if (failed && this.pending > 0) {
      this.held = call;
      return;
    }
    // Of two failures the client gets the later one, as it would of a retry.
    this.end(failed ? 'failed' : index === 0 ? 'lost' : 'won');
    void this.held?.discard();
    if (!failed) this.recordAnswer(index);
    this.result.resolve(call);
    for (const each of this.calls) if (each !== call && each !== this.held) each?.giveUp();
  }

  private onFailure(error: unknown): void {
    if (this.over) return;
    this.pending--;
    if (this.pending > 0) return;
    this.end('failed');
    if (this.held) this.result.resolve(this.held);
    else this.result.reject(error);
  }

  private end(result: HedgeResult): void {
    this.over = true;
    clearTimeout(this.timer);
    if (this.startedAt.length > 1) this.hedger.ended.emit(result);
  }

  /** Records the latency of a try that is given up as well: without the slow ones the percentile would keep sinking. */
  private recordAnswer(index: number): void {
    const { clock, targets } = this.hedger.options;
    const now = clock.now();
    if (index > 0 && this.pending > 0 && this.first) targets.recordLate(this.first, this.startedAt[0] ?? now);
    for (const startedAt of this.startedAt) this.hedger.record(now - startedAt);
  }
}

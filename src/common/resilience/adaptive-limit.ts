import type { Clock } from '../clock.js';

const FIRST_LIMIT = 16;
/** Milliseconds. */
const WINDOW_MS = 100;
const MIN_SAMPLES = 5;
const MAX_SAMPLES = 128;
/** Latency may be so much above the base before the limit sinks. */
const TOLERANCE = 1.25;
const MIN_GRADIENT = 0.5;
const DROP_FACTOR = 0.9;
/** Milliseconds between two measurements of the base; sooner while they still find a lower one. */
const REMEASURE_MS = 30_000;
const REMEASURE_SOON_MS = 3_000;

type Phase = 'normal' | 'settling' | 'measuring';

/**
 * How many calls at a time an upstream takes without queueing them, learnt from latency: while it is what it is
 * at low load the limit grows, when it rises the limit sinks in proportion.
 *
 * After Envoy's gradient controller (envoy.extensions.filters.http.adaptive_concurrency.v3): a median per
 * window, gradient = base x tolerance / median, headroom = square root of the limit. Envoy measures its base at
 * a concurrency of 3 now and then; here it is half the limit, which is enough to empty a queue and costs less.
 */
export class AdaptiveLimit {
  private value: number;
  private base = Number.POSITIVE_INFINITY;
  private samples: number[] = [];
  private dropped = false;
  private mostInFlight = 0;
  private windowSince: number;
  private measureAt: number;
  private phase: Phase = 'normal';
  private beforeMeasuring = 0;

  /** @param most the limit is never above it, and never below 1 */
  constructor(
    private readonly most: number,
    private readonly clock: Clock,
  ) {
    this.value = Math.min(most, FIRST_LIMIT);
    this.windowSince = clock.now();
    this.measureAt = this.windowSince + REMEASURE_SOON_MS;
  }

  get limit(): number {
    return Math.max(1, Math.floor(this.value));
  }

  /**
   * A call was answered well.
   *
   * @param ms until its response head
   * @param inFlight calls under way then
   */
  record(ms: number, inFlight: number): void {
    if (this.samples.length < MAX_SAMPLES) this.samples.push(ms);
    this.mostInFlight = Math.max(this.mostInFlight, inFlight);
    this.update();
  }

  /** A call was not answered in time, or refused for want of capacity. */
  drop(): void {
    this.dropped = true;
    this.update();
  }

  private update(): void {
    const now = this.clock.now();
    if (now - this.windowSince < WINDOW_MS || (!this.dropped && this.samples.length < MIN_SAMPLES)) return;
    const median = this.samples.toSorted((a, b) => a - b)[this.samples.length >> 1];
    if (this.dropped) this.back();
    else if (median !== undefined) this.learn(median, now);
    this.samples = [];
    this.dropped = false;
    this.mostInFlight = 0;
    this.windowSince = now;
  }

  private back(): void {
    if (this.phase !== 'normal') this.value = this.beforeMeasuring;
    this.phase = 'normal';
    this.value = Math.max(1, this.value * DROP_FACTOR);
  }

  private learn(median: number, now: number): void {
    const isInUse = this.mostInFlight >= this.limit / 2;
    switch (this.phase) {
      case 'settling':
        // These calls were still queued with those from before.
        this.phase = 'measuring';
        return;
      case 'measuring':
        this.phase = 'normal';
        this.value = this.beforeMeasuring;
        this.measureAt = now + (median < this.base / 1.1 ? REMEASURE_SOON_MS : REMEASURE_MS);
        this.base = median;
        return;
      case 'normal':
        if (now >= this.measureAt) this.measure(median, isInUse, now);
        else this.move(median, isInUse);
    }
  }

  private measure(median: number, isInUse: boolean, now: number): void {
    if (!isInUse) {
      // At low load what is measured is the base already.
      this.base = median;
      this.measureAt = now + REMEASURE_MS;
      return;
    }
    this.phase = 'settling';
    this.beforeMeasuring = this.value;
    this.value = Math.max(1, this.value / 2);
  }

  private move(median: number, isInUse: boolean): void {
    this.base = Math.min(this.base, median);
    const gradient = Math.max(MIN_GRADIENT, (this.base * TOLERANCE) / Math.max(median, Number.MIN_VALUE));
    const next = this.value * Math.min(gradient, 2);
    const wanted = Math.min(this.most, next + Math.sqrt(next));
    // What nobody asks for says nothing about what there is.
    if (wanted < this.value || isInUse) this.value = Math.max(1, wanted);
  }
}

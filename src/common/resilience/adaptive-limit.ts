import type { Clock } from '../clock.js';

const FIRST_LIMIT = 16;
/** Milliseconds. */
const WINDOW_MS = 100;
const MIN_SAMPLES = 5;
const MAX_SAMPLES = 128;
/** The limit sinks when latency is above the base by more than this factor, and by more than the noise. */
const TOLERANCE = 1.25;
/** Milliseconds: the event loop of a busy gateway adds as much to the latency of a fast upstream. */
const NOISE_MS = 5;
const MIN_GRADIENT = 0.5;
const DROP_FACTOR = 0.9;
/** Milliseconds between two measurements of the base; fewer while they still find a lower one. */
const REMEASURE_MS = 30_000;
const REMEASURE_SOON_MS = 3_000;

type Phase = 'normal' | 'settling' | 'measuring';

/**
 * How many calls at a time an upstream can take without queueing them, learnt from latency: the limit grows while latency
 * is what it is at low load, and sinks in proportion when latency rises.
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
  private maxInFlight = 0;
  private windowSince: number;
  private measureAt: number;
  private phase: Phase = 'normal';
  private beforeMeasuring = 0;

  /** @param max the limit is never above it, and never below 1 */
  constructor(
    private readonly max: number,
    private readonly clock: Clock,
  ) {
    this.value = Math.min(max, FIRST_LIMIT);
    this.windowSince = clock.now();
    this.measureAt = this.windowSince + REMEASURE_SOON_MS;
  }

  get limit(): number {
    return Math.max(1, Math.floor(this.value));
  }

  /**
   * Records a call that was answered well.
   *
   * @param ms milliseconds until its response head
   * @param inFlight calls under way at that time
   */
  record(ms: number, inFlight: number): void {
    if (this.samples.length < MAX_SAMPLES) this.samples.push(ms);
    this.maxInFlight = Math.max(this.maxInFlight, inFlight);
    this.update();
  }

  /** Records a call that was not answered in time, or that the upstream rejected for lack of capacity. */
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
    this.maxInFlight = 0;
    this.windowSince = now;
  }

  private back(): void {
    if (this.phase !== 'normal') this.value = this.beforeMeasuring;
    this.phase = 'normal';
    this.value = Math.max(1, this.value * DROP_FACTOR);
  }

  private learn(median: number, now: number): void {
    const isInUse = this.maxInFlight >= this.limit / 2;
    switch (this.phase) {
      case 'settling':
        // The calls of this window were still queued behind those from before.
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
      // Latency at low load is the base itself.
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
    const expected = Math.max(this.base * TOLERANCE, this.base + NOISE_MS);
    const gradient = Math.max(MIN_GRADIENT, expected / Math.max(median, Number.MIN_VALUE));
    const next = this.value * Math.min(gradient, 2);
    const wanted = Math.min(this.max, next + Math.sqrt(next));
    // An unused limit says nothing about the capacity.
    if (wanted < this.value || isInUse) this.value = Math.max(1, wanted);
  }
}

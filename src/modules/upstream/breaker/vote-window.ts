import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import type { BreakerConfig } from '../../config/upstream-config.js';
import type { BreakerState } from './breaker.types.js';

const BUCKETS = 10;
const VOTED = Promise.resolve();
/** Only tells opossum to count a failure; nobody ever sees it. */
const FAILED = new Error('a failed call');

/**
 * opossum, kept to what it is good at: counting votes in a rolling window, tripping at an error rate, and the
 * open timer. Its own bulkhead, timeout, percentiles, snapshots and health check stay off: they vote, sort the
 * window on each failure, or outlive a shutdown.
 */
export class VoteWindow {
  readonly opened = new Event<void>();
  readonly halfOpened = new Event<void>();
  readonly closed = new Event<void>();
  private readonly engine: CircuitBreaker<[failed: boolean], void>;
  private readonly engineOptions: CircuitBreaker.Options<[failed: boolean]>;
  private readonly rotation = new EventEmitter();
  private readonly bucketMs: number;
  private rotatedAt: number;
  /** Of the current bucket, not yet told to opossum. */
  private successes = 0;

  constructor(
    config: BreakerConfig,
    private readonly clock: Clock,
  ) {
    this.bucketMs = config.window / BUCKETS;
    this.rotatedAt = clock.now();
    this.engineOptions = {
      timeout: false,
      volumeThreshold: config.minRequests,
      // opossum trips above the threshold, `errorRate` is the share that trips.
      errorThresholdPercentage: config.errorRate * 100 - 1e-9,
      rollingCountTimeout: config.window,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: this.rotation,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      resetTimeout: config.openFor,
    };
    this.engine = new CircuitBreaker(
      (failed) => (failed ? Promise.reject(FAILED) : VOTED),
      this.engineOptions,
    );
    this.engine.on('open', () => {
      // Told later, they would be taken for the success of a trial.
      this.successes = 0;
      this.opened.emit();
    });
    this.engine.on('halfOpen', () => this.halfOpened.emit());
    this.engine.on('close', () => this.closed.emit());
  }

  get state(): BreakerState {
    if (this.engine.closed) return 'closed';
    return this.engine.halfOpen ? 'half-open' : 'open';
  }

  /** Milliseconds the next trip will last. */
  get openTime(): number {
    return this.engineOptions.resetTimeout ?? 0;
  }

  /** opossum reads its options when it opens, so this holds from the next trip on. */
  setOpenTime(ms: number): void {
    this.engineOptions.resetTimeout = ms;
  }

  /** While closed a success moves nothing, so it is only counted until a failure or the next bucket asks. */
  succeed(): void {
    this.rotate();
    if (this.engine.closed) this.successes++;
    else void this.engine.fire(false);
  }

  fail(): void {
    this.rotate();
    this.handOver();
    this.engine.fire(true).catch(() => undefined);
  }

  open(): void {
    this.engine.open();
  }

  close(): void {
    this.engine.close();
  }

  /** Forgets every vote: after a close, failures from before the trip must not count again. */
  clear(): void {
    this.successes = 0;
    for (let i = 0; i < BUCKETS; i++) this.rotation.emit('rotate');
    this.rotatedAt = this.clock.now();
  }

  shutdown(): void {
    this.engine.shutdown();
  }

  /** Tells opossum of the successes, in the events its window listens to. */
  private handOver(): void {
    for (; this.successes > 0; this.successes--) {
      this.engine.emit('fire', []);
      this.engine.emit('success', undefined, 0);
    }
  }

  /** Moves the window to now. Done at each vote, so that an idle upstream costs no timer. */
  private rotate(): void {
    const buckets = Math.floor((this.clock.now() - this.rotatedAt) / this.bucketMs);
    if (buckets <= 0) return;
    this.handOver();
    this.rotatedAt += buckets * this.bucketMs;
    for (let i = Math.min(buckets, BUCKETS); i > 0; i--) this.rotation.emit('rotate');
  }
}

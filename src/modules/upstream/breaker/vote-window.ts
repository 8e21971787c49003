import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import type { BreakerConfig } from '../../config/gateway-config.js';
import type { BreakerState } from './breaker.types.js';
import { RollingVotes } from './rolling-votes.js';

const PASSED = Promise.resolve();

/**
 * opossum, kept to what it is good at: the states and the open timer. It is told when to open and to close; calls are
 * never made through it. Its own bulkhead, timeout, percentiles, snapshots and health check stay off:
 * they vote, sort the window on each failure, or outlive a shutdown. Nor does it count: it adds its whole window up
 * on each failure, which costs more than the rest of a call.
 */
export class VoteWindow {
  readonly opened = new Event<void>();
  readonly halfOpened = new Event<void>();
  readonly closed = new Event<void>();
  private readonly engine: CircuitBreaker<[], void>;
  private readonly engineOptions: CircuitBreaker.Options<[]>;
  private readonly votes: RollingVotes;

  constructor(
    private readonly config: BreakerConfig,
    clock: Clock,
  ) {
    this.votes = new RollingVotes(config.window, clock);
    this.engineOptions = {
      timeout: false,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      // Its window moves by no timer, then: nothing emits this event.
      rotateBucketController: new EventEmitter(),
      resetTimeout: config.openFor,
    };
    this.engine = new CircuitBreaker(() => PASSED, this.engineOptions);
    this.engine.on('open', () => this.opened.emit());
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

  succeed(): void {
    if (this.engine.closed) this.votes.add(false);
    else this.engine.close();
  }

  /** @returns whether that makes too many; whoever counts then opens it */
  fail(): boolean {
    this.votes.add(true);
    const { total, failures } = this.votes;
    return total >= this.config.minRequests && failures / total >= this.config.errorRate;
  }

  open(): void {
    this.engine.open();
  }

  close(): void {
    this.engine.close();
  }

  /** Forgets every vote: after a close, failures from before the trip must not count again. */
  clear(): void {
    this.votes.clear();
  }

  shutdown(): void {
    this.engine.shutdown();
  }
}

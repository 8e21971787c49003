import type { Priority } from '../../config/gateway-config.js';
import { Fifo } from './fifo.js';

/**
 * Requests that are started in one turn of the event loop. Turns have to be short, because each of them accepts one new
 * connection and passes on the responses that have arrived; with much fewer requests, turns would cost more than those.
 */
export const MAX_STARTS = 24;
/** Milliseconds of a turn after which no more requests are started, in case they are expensive. */
const MAX_START_MS = 2;
/** Rejections in a turn. Each costs up to half of a request, and must not take the time of those that are started. */
export const MAX_REJECTIONS = 6;

/** A request that waits. */
export interface Waiting {
  readonly priority: Priority;
  /** Monotonic milliseconds of its arrival. */
  readonly at: number;
  /** Nobody waits for its answer any more. */
  readonly isGone: () => boolean;
  readonly start: () => void;
  readonly reject: () => void;
}

export interface AdmissionQueueOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Calls back in the next turn of the event loop. */
  readonly nextTurn: (callback: () => void) => void;
  /** @returns milliseconds after which a request is rejected; `Infinity` while there is no overload */
  readonly longestWait: (priority: Priority) => number;
  readonly reject: (request: Waiting) => void;
}

/**
 * Starts requests as they come, but only some in each turn of the event loop. The others wait here in the order of their
 * arrival, and not in buffers of the kernel, so that their wait can be measured and ended.
 */
export class AdmissionQueue {
  private readonly waiting = new Fifo<Waiting>();
  /** Those that have waited for too long, and wait for their rejection. */
  private readonly late = new Fifo<Waiting>();
  private isTurnOpen = false;
  private turnEndsAt = 0;
  /** Requests that can still be started in this turn. */
  private room = 0;
  /** Requests that are neither started nor rejected yet. */
  private held = 0;
  /** Whether all requests are added, so that their priority decides. */
  isGuarded = false;

  constructor(private readonly options: AdmissionQueueOptions) {}

  /** @returns since when the request waits that has waited for the longest; `undefined` when none does */
  get oldest(): number | undefined {
    return this.waiting.first?.at;
  }

  /**
   * @param now monotonic milliseconds
   * @returns whether a request that arrives now starts at once. Otherwise it is to be held
   */
  hasRoom(now: number): boolean {
    if (this.isGuarded) return false;
    if (!this.isTurnOpen) this.openTurn(now);
    // Behind those that wait there is no room: they have the next turn.
    else if (this.room === 0 || now >= this.turnEndsAt || this.held > 0) return false;
    this.room--;
    return true;
  }

  add(request: Waiting): void {
    this.waiting.push(request);
    this.held++;
    if (!this.isTurnOpen) this.openTurn(request.at);
  }

  private openTurn(now: number): void {
    this.isTurnOpen = true;
    this.room = MAX_STARTS;
    this.turnEndsAt = now + MAX_START_MS;
    this.options.nextTurn(this.onTurn);
  }

  private readonly onTurn = () => {
    this.isTurnOpen = false;
    if (this.held === 0) return;
    const now = this.options.now();
    this.openTurn(now);
    this.startWaiting(now);
    // Nobody is rejected in whose place nobody else starts: after a stall, all that wait may be late.
    this.startLate();
    this.rejectLate();
  };

  private get hasTime(): boolean {
    return this.room > 0 && this.options.now() < this.turnEndsAt;
  }

  private startWaiting(now: number): void {
    while (this.hasTime) {
      const request = this.waiting.shift();
      if (!request) return;
      if (now - request.at > this.options.longestWait(request.priority)) this.late.push(request);
      else this.start(request);
    }
  }

  /** Those first that have waited the least. */
  private startLate(): void {
    while (this.hasTime) {
      const request = this.late.pop();
      if (!request) return;
      this.start(request);
    }
  }

  private rejectLate(): void {
    for (let left = MAX_REJECTIONS; left > 0;) {
      const request = this.late.shift();
      if (!request) return;
      this.held--;
      if (request.isGone()) continue;
      left--;
      this.options.reject(request);
    }
  }

  private start(request: Waiting): void {
    this.held--;
    if (request.isGone()) return;
    this.room--;
    request.start();
  }
}

import Denque from 'denque';
import type { Priority } from '../../config/gateway-config.js';

/**
 * Requests that are started in one turn of the event loop. Turns have to be short, because each of them accepts one new
 * connection and passes on the responses that have arrived; with much fewer requests, turns would cost more than those.
 */
export const MAX_STARTS = 24;
/** Milliseconds of a turn after which no more requests are started, in case they are expensive. */
const MAX_START_MS = 2;
/** Rejections in a turn. Each costs up to half of a request, and must not take the time of those that are started. */
export const MAX_REJECTIONS = 6;

const FIRST_TO_LAST: readonly Priority[] = ['high', 'normal', 'low'];

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
  readonly isOverloaded: () => boolean;
  /** @returns milliseconds after which a request is rejected during an overload */
  readonly longestWait: (priority: Priority) => number;
  readonly reject: (request: Waiting) => void;
}

/**
 * Starts requests as they come, but only some in each turn of the event loop. The others wait here, and not in buffers of the
 * kernel, so that their wait can be measured and ended. They start by priority, and the oldest of a priority first.
 *
 * During an overload, the newest come first (adaptive LIFO). They are still in the caches of the CPU and in the young
 * generation of V8, so each costs much less, and most requests are served at once. Otherwise all of them would be served
 * after the longest wait that is allowed. Those that have waited for too long are rejected, and not started instead.
 */
export class AdmissionQueue {
  private readonly waiting: Readonly<Record<Priority, Denque<Waiting>>> = {
    high: new Denque(),
    normal: new Denque(),
    low: new Denque(),
  };
  private isTurnOpen = false;
  private turnEndsAt = 0;
  /** Requests that can still be started in this turn. */
  private room = 0;
  /** Requests that are neither started nor rejected yet. */
  private held = 0;
  /** Whether no request starts at once, so that priority decides about each. */
  isGuarded = false;

  constructor(private readonly options: AdmissionQueueOptions) {}

  /** @returns when the oldest waiting request arrived; `undefined` when none waits */
  get oldest(): number | undefined {
    const { high, normal, low } = this.waiting;
    const oldest = Math.min(...[high, normal, low].map((queue) => queue.peekFront()?.at ?? Infinity));
    return oldest === Infinity ? undefined : oldest;
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
    this.waiting[request.priority].push(request);
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
    if (!this.options.isOverloaded()) {
      for (const priority of FIRST_TO_LAST) this.start(priority, -Infinity, false);
      return;
    }
    for (const priority of FIRST_TO_LAST) this.start(priority, this.latest(priority, now), true);
    // After a stall, all that wait may be late. None is rejected unless others start in its place.
    if (this.room === MAX_STARTS) for (const priority of FIRST_TO_LAST) this.start(priority, -Infinity, true);
    this.rejectLate(now);
  };

  /** @returns the latest time of arrival with which a request of a priority has waited for too long */
  private latest(priority: Priority, now: number): number {
    return now - this.options.longestWait(priority);
  }

  /** @param since those that arrived before are not started */
  private start(priority: Priority, since: number, isNewestFirst: boolean): void {
    const requests = this.waiting[priority];
    while (this.room > 0 && this.options.now() < this.turnEndsAt) {
      const next = isNewestFirst ? requests.peekBack() : requests.peekFront();
      if (!next || next.at < since) return;
      if (isNewestFirst) requests.pop();
      else requests.shift();
      this.held--;
      if (next.isGone()) continue;
      this.room--;
      next.start();
    }
  }

  /** Rejects the requests that are late by the most. */
  private rejectLate(now: number): void {
    for (let left = MAX_REJECTIONS; left > 0;) {
      const delays = FIRST_TO_LAST.map((priority) => {
        const first = this.waiting[priority].peekFront();
        return { priority, by: first ? this.latest(priority, now) - first.at : 0 };
      });
      const { priority, by } = delays.reduce((most, each) => (each.by > most.by ? each : most));
      const request = by > 0 ? this.waiting[priority].shift() : undefined;
      if (!request) return;
      this.held--;
      if (request.isGone()) continue;
      left--;
      this.options.reject(request);
    }
  }
}

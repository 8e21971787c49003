export interface BulkheadOptions {
  /** Most calls at a time. */
  readonly concurrent: number;
  /** Most calls that wait for a place; beyond it a call is refused. */
  readonly queue: number;
}

interface Waiter {
  readonly admit: () => void;
}

/** Why a waiting call got no place. */
export class BulkheadFullError extends Error {
  override readonly name = 'BulkheadFullError';
}

/** Bounds how much of the gateway one upstream can hold: so many calls, and a short queue in order of arrival. */
export class Bulkhead {
  private taken = 0;
  private readonly waiters = new Set<Waiter>();

  constructor(private readonly options: BulkheadOptions) {}

  get inFlight(): number {
    return this.taken;
  }

  get queued(): number {
    return this.waiters.size;
  }

  /**
   * Takes a place, at once when there is one. Every place taken is given back with `leave`.
   *
   * @param signal made only for a call that has to wait, and ends its waiting
   * @returns `undefined` when the place is taken already, or else a promise of it
   * @throws BulkheadFullError through the promise, when queue and places are full
   * @throws the signal's reason through the promise, when it aborts first
   */
  enter(signal: () => AbortSignal): Promise<void> | undefined {
    if (this.taken < this.options.concurrent) {
      this.taken++;
      return undefined;
    }
    if (this.waiters.size >= this.options.queue) return Promise.reject(new BulkheadFullError());
    return this.wait(signal());
  }

  leave(): void {
    // The place goes to the next in line, if there is one.
    const [next] = this.waiters;
    if (next) {
      this.waiters.delete(next);
      next.admit();
    } else {
      this.taken--;
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = () => {
        this.waiters.delete(waiter);
        reject(signal.reason as Error);
      };
      this.waiters.add(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}

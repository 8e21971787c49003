export interface BulkheadOptions {
  /** Most calls at a time. */
  readonly concurrent: number;
  /** Most calls that wait for a place; beyond it a call is refused. */
  readonly queue: number;
}

interface Waiter {
  readonly admit: () => void;
  readonly refuse: () => void;
}

/** Why a waiting call got no place. */
export class BulkheadFullError extends Error {
  override readonly name = 'BulkheadFullError';
}

/** Bounds how much of the gateway one upstream can hold: so many calls, and a short queue in order of arrival. */
export class Bulkhead {
  private taken = 0;
  private share = 1;
  private ceiling: number;
  private places: number;
  private readonly waiters = new Set<Waiter>();

  constructor(private readonly options: BulkheadOptions) {
    this.ceiling = options.concurrent;
    this.places = options.concurrent;
  }

  /** Most calls at a time, as of now. */
  get limit(): number {
    return this.places;
  }

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
   * @throws BulkheadFullError through the promise, when queue and places are full, or at `dismiss`
   * @throws the signal's reason through the promise, when it aborts first
   */
  enter(signal: () => AbortSignal): Promise<void> | undefined {
    if (this.taken < this.places) {
      this.taken++;
      return undefined;
    }
    if (this.waiters.size >= this.options.queue) return Promise.reject(new BulkheadFullError());
    return this.wait(signal());
  }

  leave(): void {
    this.taken--;
    this.admitWaiting();
  }

  /** Refuses all that wait: there is nothing to wait for any more. */
  dismiss(): void {
    for (const waiter of this.waiters) waiter.refuse();
    this.waiters.clear();
  }

  /**
   * Narrows or widens the bulkhead. Calls that hold a place keep it.
   *
   * @param share of `concurrent`, 0..1; at least one place remains
   */
  open(share: number): void {
    this.share = share;
    this.resize();
  }

  /** @param ceiling calls at a time, below `concurrent`, that it may be open to */
  narrow(ceiling: number): void {
    if (ceiling === this.ceiling) return;
    this.ceiling = ceiling;
    this.resize();
  }

  private resize(): void {
    const opened = Math.round(this.options.concurrent * this.share);
    this.places = Math.max(1, Math.min(opened, this.ceiling));
    this.admitWaiting();
  }

  private admitWaiting(): void {
    for (const waiter of this.waiters) {
      if (this.taken >= this.places) return;
      this.waiters.delete(waiter);
      this.taken++;
      waiter.admit();
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
        refuse: () => {
          signal.removeEventListener('abort', giveUp);
          reject(new BulkheadFullError());
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

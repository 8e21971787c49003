/** No place is free, and the queue is full or was dismissed. */
export class BulkheadFullError extends Error {
  override readonly name = 'BulkheadFullError';
}

/** Limits the calls to one upstream: a number at a time, and a short queue in order of arrival. */
export class Bulkhead {
  private taken = 0;
  private places: number;
  private share = 1;
  private ceiling: number;
  private readonly waiters = new Set<PromiseWithResolvers<void>>();

  /** @param options maximum of calls at a time, and of those that wait for a place; beyond it a call is rejected */
  constructor(private readonly options: { readonly concurrent: number; readonly queue: number }) {
    this.ceiling = options.concurrent;
    this.places = options.concurrent;
  }

  /** The current maximum of calls at a time. */
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
   * Takes a place, at once when one is free. Every place is given back with `leave`.
   *
   * @param signal is called only for a call that has to wait, and ends its wait
   * @returns `undefined` when the call has its place, else a promise of it
   * @throws BulkheadFullError through the promise, when the queue is full, or at `dismiss`
   * @throws the signal's reason through the promise, when the signal aborts first
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

  /** Rejects all waiting calls. */
  dismiss(): void {
    for (const waiter of this.waiters) waiter.reject(new BulkheadFullError());
    this.waiters.clear();
  }

  /**
   * Opens the bulkhead to a share of its width. Calls that hold a place keep it.
   *
   * @param share of `concurrent`, 0..1; at least one place remains
   */
  open(share: number): void {
    this.share = share;
    this.resize();
  }

  /** @param ceiling maximum of calls at a time, beside `concurrent` */
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
      waiter.resolve();
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    const giveUp = () => {
      this.waiters.delete(waiter);
      waiter.reject(signal.reason);
    };
    this.waiters.add(waiter);
    signal.addEventListener('abort', giveUp, { once: true });
    return waiter.promise.finally(() => signal.removeEventListener('abort', giveUp));
  }
}

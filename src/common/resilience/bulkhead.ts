/** No place is free, and the queue is full or was dismissed, or the wait for a place has ended. */
export class BulkheadFullError extends Error {
  override readonly name = 'BulkheadFullError';
}

export interface BulkheadOptions {
  /** Maximum of calls that wait for their response at a time. */
  readonly concurrent: number;
  /** Maximum of calls that wait for a place; beyond it a call is rejected. */
  readonly queue: number;
  /** Maximum of calls whose bytes flow at a time, beside `concurrent`. */
  readonly streams: number;
  /** Maximum of both together. Default: no further limit. */
  readonly connections?: number;
}

/**
 * Watches the wait of a call for a place.
 *
 * @param giveUp ends the wait; it is not called before this function has returned
 * @returns a function that stops watching
 */
export type WatchWait = (giveUp: () => void) => () => void;

/** A call that waits for a place. */
interface Waiter {
  readonly admit: (place: Place) => void;
  readonly refuse: () => void;
}

/**
 * Limits the calls to one upstream, in two classes. A call begins among those that wait for the upstream, of which there
 * are few, with a short queue in order of arrival. Once its bytes flow it becomes a stream, of which there may be many:
 * how long it lasts is up to its client, and must not keep others from calling.
 */
export class Bulkhead {
  private calls = 0;
  private streaming = 0;
  private reserved = 0;
  /** Calls whose bytes flow, and for which there was no place among the streams. */
  private readonly overflow = new Set<Place>();
  private places: number;
  private share = 1;
  private ceiling: number;
  private readonly waiters = new Set<Waiter>();

  constructor(private options: BulkheadOptions) {
    this.ceiling = options.concurrent;
    this.places = options.concurrent;
  }

  /** Takes new limits. Calls that hold a place or wait for one keep it, also beyond a smaller limit. */
  reconfigure(options: BulkheadOptions): void {
    this.options = options;
    this.resize();
    this.count(0, 0);
  }

  /** The current maximum of calls that wait for their response. */
  get limit(): number {
    return this.places;
  }

  /** Calls that wait for their response, and streams beyond `streams`. */
  get inFlight(): number {
    return this.calls;
  }

  get streams(): number {
    return this.streaming;
  }

  get queued(): number {
    return this.waiters.size;
  }

  get hasRoomForStream(): boolean {
    return this.streaming + this.reserved < this.options.streams;
  }

  /**
   * Takes a place, at once when one is free.
   *
   * @param watch is called only for a call that has to wait
   * @throws BulkheadFullError through the promise, when the queue is full, when the wait ends, or at `dismiss`
   */
  enter(watch: WatchWait): Place | Promise<Place> {
    if (this.hasRoom()) return this.admit();
    if (this.waiters.size >= this.options.queue) return Promise.reject(new BulkheadFullError());
    return this.wait(watch);
  }

  /** Rejects all waiting calls. */
  dismiss(): void {
    for (const waiter of this.waiters) waiter.refuse();
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

  /** @internal for its places */
  count(calls: number, streams: number): void {
    this.calls += calls;
    this.streaming += streams;
    for (const place of this.overflow) {
      if (!this.hasRoomForStream) break;
      place.toStream();
    }
    this.admitWaiting();
  }

  /** @internal for its places */
  reserve(streams: number): void {
    this.reserved += streams;
  }

  /** @internal for its places */
  setOverflow(place: Place, isOverflow: boolean): void {
    if (isOverflow) this.overflow.add(place);
    else this.overflow.delete(place);
  }

  private resize(): void {
    const opened = Math.round(this.options.concurrent * this.share);
    this.places = Math.max(1, Math.min(opened, this.ceiling));
    this.admitWaiting();
  }

  private hasRoom(): boolean {
    return this.calls < this.places && this.calls + this.streaming < (this.options.connections ?? Infinity);
  }

  private admit(): Place {
    this.calls++;
    return new Place(this);
  }

  private admitWaiting(): void {
    for (const waiter of this.waiters) {
      if (!this.hasRoom()) return;
      waiter.admit(this.admit());
    }
  }

  private wait(watch: WatchWait): Promise<Place> {
    const { promise, resolve, reject } = Promise.withResolvers<Place>();
    const end = () => {
      this.waiters.delete(waiter);
      stop();
    };
    const waiter: Waiter = {
      admit: (place) => {
        end();
        resolve(place);
      },
      refuse: () => {
        end();
        reject(new BulkheadFullError());
      },
    };
    const stop = watch(waiter.refuse);
    this.waiters.add(waiter);
    return promise;
  }
}

/** The place of one call in a bulkhead. */
export class Place {
  private holds: 'call' | 'stream' | 'nothing' = 'call';
  private isAnswered = false;
  private isReserved = false;

  constructor(private readonly bulkhead: Bulkhead) {}

  /**
   * Keeps a place among the streams for a call that is going to be one.
   *
   * @returns false when there is none
   */
  reserveStream(): boolean {
    if (!this.bulkhead.hasRoomForStream) return false;
    this.setReserved(true);
    return true;
  }

  /** The call's bytes flow: it makes room for other calls. If there are too many streams, it stays among the calls until one ends. */
  toStream(): void {
    if (this.holds !== 'call') return;
    this.setReserved(false);
    const hasRoom = this.bulkhead.hasRoomForStream;
    this.bulkhead.setOverflow(this, !hasRoom);
    if (!hasRoom) return;
    this.holds = 'stream';
    this.bulkhead.count(-1, 1);
  }

  /** The response head is here: the call does not wait for the upstream again. */
  answer(): void {
    this.isAnswered = true;
    this.toStream();
  }

  /** The call waits for the upstream again, before its response head. It does not queue for that, so there may be more calls than `concurrent`. */
  toCall(): void {
    if (this.isAnswered) return;
    this.bulkhead.setOverflow(this, false);
    if (this.holds !== 'stream') return;
    this.holds = 'call';
    this.bulkhead.count(1, -1);
  }

  /** Gives the place back. Only the first time counts. */
  leave(): void {
    const held = this.holds;
    this.holds = 'nothing';
    this.setReserved(false);
    this.bulkhead.setOverflow(this, false);
    if (held === 'call') this.bulkhead.count(-1, 0);
    else if (held === 'stream') this.bulkhead.count(0, -1);
  }

  private setReserved(isReserved: boolean): void {
    if (isReserved === this.isReserved) return;
    this.isReserved = isReserved;
    this.bulkhead.reserve(isReserved ? 1 : -1);
  }
}

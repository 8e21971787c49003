import type { RateLimiter } from '../modules/rate-limit/rate-limiter.js';
import type { SharedBuckets, SharedTake } from '../modules/rate-limit/shared-buckets.js';
import type { TakeRequest } from './messages.js';

/** Milliseconds. A primary that takes longer is not waited for. */
const ANSWER_TIMEOUT = 100;

interface Batch {
  readonly requests: TakeRequest[];
  readonly settle: ((taken: SharedTake | undefined) => void)[];
}

/**
 * The buckets of the primary, from which all workers take. What a worker asks in one turn of its event loop is one message,
 * since a message costs more than the rest.
 */
export class PrimaryBuckets implements SharedBuckets {
  private lastId = 0;
  private next: Batch | undefined;
  private readonly sent = new Map<number, Batch>();

  /** @param send asks the primary */
  constructor(private readonly send: (id: number, requests: readonly TakeRequest[]) => void) {}

  get isUp(): boolean {
    return process.connected;
  }

  take({ id }: RateLimiter, key: string): Promise<SharedTake | undefined> {
    if (!this.next) {
      this.next = { requests: [], settle: [] };
      setImmediate(() => this.flush());
    }
    const { requests, settle } = this.next;
    requests.push([id, key]);
    return new Promise((resolve) => settle.push(resolve));
  }

  /** The primary has answered. */
  receive(id: number, taken: readonly (SharedTake | undefined)[]): void {
    const batch = this.sent.get(id);
    this.sent.delete(id);
    for (const [i, settle] of batch?.settle.entries() ?? []) settle(taken[i]);
  }

  private flush(): void {
    const batch = this.next;
    if (!batch) return;
    this.next = undefined;
    const id = ++this.lastId;
    this.sent.set(id, batch);
    this.send(id, batch.requests);
    setTimeout(() => this.receive(id, []), ANSWER_TIMEOUT).unref();
  }
}

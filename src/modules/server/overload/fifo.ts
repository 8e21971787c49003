/** Slots that were emptied, after which their memory is given back. */
const COMPACTED_AT = 1_024;

/** A queue whose ends cost the same however long it is, unlike `shift` of an array. */
export class Fifo<T extends object> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get size(): number {
    return this.items.length - this.head;
  }

  get first(): T | undefined {
    return this.items[this.head];
  }

  get last(): T | undefined {
    return this.items.at(-1);
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    const item = this.items[this.head];
    if (!item) return undefined;
    // What has left must not be kept alive: it would outlive the young generation, and cost the collector more than all else.
    this.items[this.head++] = undefined;
    if (this.head === this.items.length) this.clear();
    else if (this.head === COMPACTED_AT) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** @returns the one that was added last */
  pop(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.items.pop();
    if (this.size === 0) this.clear();
    return item;
  }

  private clear(): void {
    this.items.length = 0;
    this.head = 0;
  }
}

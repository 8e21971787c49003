import type { ServerResponse } from 'node:http';

/** Bounds how many responses are read faster than their clients read them. */
export class ReadAhead {
  private count = 0;

  constructor(private readonly max: () => number) {}

  /** @returns whether the rest of the response may be read ahead of its client; its place is free once it closes */
  begin(res: ServerResponse): boolean {
    if (this.count >= this.max()) return false;
    this.count++;
    res.once('close', () => this.count--);
    return true;
  }
}

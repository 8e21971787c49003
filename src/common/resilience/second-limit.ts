import type { Clock } from '../clock.js';

const SECOND = 1000;

/** At most so many events in a second, which begins with its first event. */
export class SecondLimit {
  private count = 0;
  private endsAt = -Infinity;

  constructor(
    private readonly most: number,
    private readonly clock: Clock,
  ) {}

  /** @returns false for one too many */
  take(): boolean {
    const now = this.clock.now();
    if (now >= this.endsAt) {
      this.endsAt = now + SECOND;
      this.count = 0;
    }
    return ++this.count <= this.most;
  }
}

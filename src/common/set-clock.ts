import type { Clock } from './clock.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that is set ahead by hand. Its timers run when it is set past them, each at its own time. */
export class SetClock implements Clock {
  private ahead = 0;
  private timers: Timer[] = [];
  /** When the first timer is due. */
  private dueAt = Number.POSITIVE_INFINITY;

  /** @param base what it is ahead of; by default it stands still, at 0 */
  constructor(private readonly base: Clock = { now: () => 0, wall: () => 0 }) {}

  now(): number {
    return this.base.now() + this.ahead;
  }

  wall(): number {
    return this.base.wall() + this.ahead;
  }

  after(ms: number, callback: () => void): void {
    const at = this.now() + ms;
    this.timers.push({ at, callback });
    this.dueAt = Math.min(this.dueAt, at);
  }

  /** @param ms milliseconds, which are not negative */
  advance(ms: number): void {
    this.advanceTo(this.now() + ms);
  }

  /** Never goes back: an earlier time changes nothing. */
  advanceTo(time: number): void {
    while (this.dueAt <= time) {
      const due = this.timers.find(({ at }) => at === this.dueAt);
      if (due) this.setTo(due.at);
      this.timers = this.timers.filter((timer) => timer !== due);
      this.dueAt = Math.min(...this.timers.map(({ at }) => at));
      due?.callback();
    }
    this.setTo(time);
  }

  private setTo(time: number): void {
    this.ahead += Math.max(0, time - this.now());
  }
}

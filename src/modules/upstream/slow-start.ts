import type { Target } from './target.js';

/** Share of its weight that a target gets at first. With none it could not show that it is well. */
const FIRST_SHARE = 0.1;
const STEPS = 100;

interface Returning {
  readonly target: Target;
  readonly since: number;
}

/**
 * Gives a target that comes back a growing share of the traffic. With its whole share at once, cold caches and empty
 * pools would make it slow, and fail again.
 */
export class SlowStart {
  private returning: readonly Returning[] = [];
  private out: ReadonlySet<Target> = new Set();
  private nextStep = 0;

  constructor(
    private readonly all: readonly Target[],
    /** Milliseconds; 0 switches it off. */
    private readonly duration: number,
  ) {}

  get isUnderWay(): boolean {
    return this.returning.length > 0;
  }

  /** Goes on where the one before a reload was. Targets that are new get a growing share as well. */
  takeOver({ all, returning, out }: SlowStart, now: number): void {
    const isKept = (target: Target) => this.all.includes(target);
    for (const { target } of returning) target.share = 1;
    if (this.duration === 0) return;
    this.out = new Set([...out].filter(isKept));
    const added = this.all.filter((target) => !all.includes(target));
    this.begin(
      returning.filter(({ target }) => isKept(target)),
      added,
      now,
    );
  }

  /** @param available targets that may be picked from now on */
  update(available: readonly Target[], now: number): void {
    if (this.duration === 0) return;
    const back = available.filter((target) => this.out.has(target));
    const current = new Set(available);
    this.out = new Set(this.all.filter((target) => !current.has(target)));
    for (const target of this.out) target.share = 1;
    this.begin(
      this.returning.filter(({ target }) => !this.out.has(target)),
      back,
      now,
    );
  }

  /** Shares grow in steps, so that many targets that come back do not cost each request. */
  grow(now: number): void {
    if (now < this.nextStep) return;
    this.nextStep = now + this.duration / STEPS;
    for (const { target, since } of this.returning) {
      target.share = Math.min(1, Math.max(FIRST_SHARE, (now - since) / this.duration));
    }
    this.returning = this.returning.filter(({ target }) => target.share < 1);
  }

  private begin(underWay: readonly Returning[], back: readonly Target[], now: number): void {
    this.returning = [...underWay, ...back.map((target) => ({ target, since: now }))];
    this.nextStep = 0;
    this.grow(now);
  }
}

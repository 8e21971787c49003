import type { Outcome, Vote } from '../../../common/errors/outcomes.js';

interface VoteCounter {
  settle(generation: number, vote: Vote, outcome: Outcome, detail: string, target?: string): void;
}

/** One admitted call. Its first vote counts; later ones are ignored. */
export class Permit {
  private isSettled = false;

  constructor(
    private readonly breaker: VoteCounter,
    private readonly generation: number,
    /** The call is the one that a half-open breaker admits to find out whether it may close. */
    readonly isTrial: boolean,
  ) {}

  /**
   * @param detail status or error code, for the record of a failure
   * @param target host and port of the target that failed
   */
  settle(vote: Vote, outcome: Outcome, detail: string, target?: string): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.breaker.settle(this.generation, vote, outcome, detail, target);
  }
}

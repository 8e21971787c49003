import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import type { Bulkhead } from '../../common/resilience/bulkhead.js';
import type { Permit } from './breaker/breaker.js';
import type { Call } from './transport/call.js';

/** What an admitted call holds of its upstream and until when, and how it votes. */
export class Admission {
  private isSettled = false;

  constructor(
    private readonly permit: Permit,
    private readonly bulkhead: Bulkhead,
    private readonly failureStatuses: ReadonlySet<number>,
  ) {}

  /** The response head is here: the call keeps its place in the bulkhead, and votes, when its body ends. */
  onHead(call: Call): void {
    call.whenSettled((outcome, detail) => this.settle(outcome, detail));
    // A trial votes with its head: its body may be a stream without an end. Only the first vote counts.
    if (this.permit.isTrial && !this.failureStatuses.has(call.status)) {
      this.permit.settle('success', 'success', '');
    }
  }

  /** The call is over, with or without a response. */
  settle(outcome: Outcome, detail: string): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.permit.settle(OUTCOMES[outcome].vote, outcome, detail);
    this.bulkhead.leave();
  }
}

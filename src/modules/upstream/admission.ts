import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import type { Bulkhead } from '../../common/resilience/bulkhead.js';
import type { Permit } from './breaker/breaker.js';

/** What an admitted call holds of its upstream, given back in one piece when the call is over. */
export class Admission {
  private settled = false;

  constructor(
    private readonly permit: Permit,
    private readonly bulkhead: Bulkhead,
  ) {}

  /** Votes before the end, which then has no vote any more. */
  pass(): void {
    this.permit.settle('success', 'success', '');
  }

  /** The call is over: votes once and frees its places. */
  settle(outcome: Outcome, detail: string): void {
    if (this.settled) return;
    this.settled = true;
    this.permit.settle(OUTCOMES[outcome].vote, outcome, detail);
    this.bulkhead.leave();
  }
}

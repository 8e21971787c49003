import type { AuthFailure } from '../routing/auth-events.js';

type AwayReason = 'keys_unavailable' | 'introspection_unavailable';

/** Nobody can say now whether a token is good, because its issuer is away. */
export class Unavailable {
  /** Whole seconds after which it is worth another try, at least 1. */
  readonly retryAfter: number;

  /** @param waitMs milliseconds until the issuer is asked again */
  constructor(
    readonly reason: AwayReason,
    waitMs: number,
  ) {
    this.retryAfter = Math.max(1, Math.ceil(waitMs / 1000));
  }
}

/** Why a credential is not taken. */
export type Refusal = Exclude<AuthFailure, AwayReason> | Unavailable;

export function isRefusal(verdict: object | Refusal): verdict is Refusal {
  return typeof verdict === 'string' || verdict instanceof Unavailable;
}

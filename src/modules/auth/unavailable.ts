/** Why a request was not let in. The set is fixed, so that it can label a metric, and nothing in it comes from a credential. */
export type AuthFailure =
  | 'missing'
  | 'malformed'
  /** No provider takes tokens of its issuer and algorithm. */
  | 'no_provider'
  | 'signature'
  /** None of the issuer's keys has its `kid`. */
  | 'unknown_key'
  | 'expired'
  | 'not_yet_valid'
  /** Its `typ` is not the one that the provider asks for. */
  | 'type'
  | 'issuer'
  | 'audience'
  /** A registered claim is missing, doubled, or of the wrong type. */
  | 'claims'
  /** The issuer's introspection endpoint says that it is not valid. */
  | 'inactive'
  /** It is on the list of tokens that are denied before they expire. */
  | 'revoked'
  | 'missing_api_key'
  | 'unknown_api_key'
  | 'insufficient_scope'
  | 'insufficient_claims'
  | 'keys_unavailable'
  | 'introspection_unavailable';

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

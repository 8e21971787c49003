import { Injectable } from '@nestjs/common';
import { Event } from '../../common/event.js';

/** Why a request was not let in: a fixed set, fit for a metric's label. Never holds anything of the credential. */
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

export type KeyRefreshResult =
  | 'success'
  | 'unreachable'
  | 'timeout'
  | 'status'
  | 'too_large'
  /** No JSON of the right form, or another issuer's discovery document. */
  | 'malformed'
  | 'no_usable_key';

export interface KeyRefresh {
  readonly provider: string;
  readonly result: KeyRefreshResult;
}

/** The tokens that are denied before they expire. */
export interface DenylistState {
  readonly size: number;
  /** Whether Redis has been read to its end; `undefined` where none is configured. */
  readonly inStep: boolean | undefined;
}

/** What authentication has to tell to whoever counts. Here, because policies do not know each other. */
@Injectable()
export class AuthEvents {
  readonly failed = new Event<AuthFailure>();
  readonly keysRefreshed = new Event<KeyRefresh>();
  readonly denylistChanged = new Event<DenylistState>();
}

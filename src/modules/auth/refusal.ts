import { PROBLEMS, type ProblemCode } from '../../common/errors/codes.js';
import { ProblemError } from '../../common/errors/problem.js';

const BEARER = 'Bearer realm="breakwater"';
/** API keys have no registered scheme; RFC 9110 section 11.6.1 asks for a challenge all the same. */
const API_KEY = 'ApiKey realm="breakwater"';
/** TLS has no scheme of its own either. */
const CERTIFICATE = 'ClientCertificate realm="breakwater"';

interface Answer {
  readonly code: ProblemCode;
  /** For developers of clients: ASCII without quotes, and nothing of the token. */
  readonly detail?: string;
}

const invalid = (detail: string) => ({ code: 'token_invalid', detail }) as const;

/** Why a credential is refused, and what the client is told. The keys label a metric. */
const ANSWERS = {
  missing: { code: 'token_missing' },
  malformed: invalid('The token is not a JWT of the form that is accepted here'),
  no_provider: invalid('The issuer or the algorithm of the token is not accepted here'),
  signature: invalid('The token is not signed by its issuer'),
  unknown_key: invalid('The token is not signed with a current key of its issuer'),
  expired: invalid('The token is expired'),
  not_yet_valid: invalid('The token is not valid yet'),
  type: invalid('The token is of a type that is not accepted here'),
  issuer: invalid('The token is from another issuer'),
  audience: invalid('The token is not meant for this service'),
  claims: invalid('A registered claim is missing or of the wrong type'),
  inactive: invalid('The token is not active'),
  revoked: invalid('The token has been revoked'),
  missing_api_key: { code: 'api_key_missing' },
  unknown_api_key: { code: 'api_key_invalid' },
  missing_certificate: { code: 'client_certificate_missing' },
  invalid_certificate: {
    code: 'client_certificate_invalid',
    detail: 'The certificate is not from a trusted authority, is revoked or does not name the client',
  },
  expired_certificate: { code: 'client_certificate_invalid', detail: 'The certificate is expired' },
  missing_credential: { code: 'credential_missing' },
  invalid_credential: { code: 'credential_invalid' },
  insufficient_scope: {
    code: 'insufficient_scope',
    detail: 'The token lacks a scope that the route requires',
  },
  insufficient_claims: {
    code: 'insufficient_claims',
    detail: 'The token lacks a claim that the route requires',
  },
} as const satisfies Record<string, Answer>;

type UnavailableReason = 'keys_unavailable' | 'introspection_unavailable' | 'auth_plugin_failed';

/** The issuer cannot be reached, so nobody can say whether the token is valid. */
export class Unavailable {
  /** Whole seconds until another try makes sense, at least 1. */
  readonly retryAfter: number;

  /** @param waitMs milliseconds until the issuer is asked again */
  constructor(
    readonly reason: UnavailableReason,
    waitMs: number,
  ) {
    this.retryAfter = Math.max(1, Math.ceil(waitMs / 1000));
  }
}

/** Why a credential is not accepted. */
export type Refusal = keyof typeof ANSWERS | Unavailable;

/** The same as a label: the set is fixed, and nothing in it comes from a credential. */
export type AuthFailure = keyof typeof ANSWERS | UnavailableReason;

export function isRefusal(verdict: object | Refusal): verdict is Refusal {
  return typeof verdict === 'string' || verdict instanceof Unavailable;
}

/** What a client may send. */
export interface Accepted {
  readonly tokens: boolean;
  readonly keys: boolean;
  readonly certificates: boolean;
  /** Challenges of the plugins that it accepts. */
  readonly challenges: readonly string[];
  /** The scopes that it requires, separated by spaces. */
  readonly scopes: string;
}

/** Refuses a client that has sent nothing. */
export function missing({ tokens, keys, certificates, challenges }: Accepted): Refusal {
  if (tokens) return 'missing';
  if (keys) return 'missing_api_key';
  if (challenges.length > 0) return 'missing_credential';
  return certificates ? 'missing_certificate' : 'missing_api_key';
}

/** @returns the answer, with a challenge for each scheme that the route accepts (RFC 6750 section 3) */
export function refusalProblem(
  refusal: Refusal,
  { tokens, keys, certificates, challenges: own, scopes }: Accepted,
): ProblemError {
  if (refusal instanceof Unavailable) {
    return new ProblemError(refusal.reason, { headers: { 'Retry-After': String(refusal.retryAfter) } });
  }
  const { code, detail }: Answer = ANSWERS[refusal];
  const isForbidden = PROBLEMS[code].status === 403;
  const bearer = [BEARER];
  if (isForbidden || code === 'token_invalid') {
    const error = isForbidden ? 'insufficient_scope' : 'invalid_token';
    bearer.push(`error="${error}"`, `error_description="${detail}"`);
  }
  if (isForbidden && scopes !== '') bearer.push(`scope="${scopes}"`);
  const challenges = [
    // Without any provider, too, a 401 has to name a scheme.
    ...(tokens || (!keys && !certificates && own.length === 0) ? [bearer.join(', ')] : []),
    // Another API key would not help whoever lacks a scope.
    ...(keys && !isForbidden ? [API_KEY] : []),
    ...(certificates && !isForbidden ? [CERTIFICATE] : []),
    ...(isForbidden ? [] : own),
  ];
  const headers = challenges.length === 0 ? undefined : { 'WWW-Authenticate': challenges.join(', ') };
  return new ProblemError(code, { detail, headers });
}

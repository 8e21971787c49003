import type { ProblemCode } from '../../common/errors/codes.js';
import { ProblemError } from '../../common/errors/problem.js';
import { type Refusal, Unavailable } from './unavailable.js';

const BEARER = 'Bearer realm="breakwater"';
/** No registered scheme, since there is none for keys; section 11.6.1 of RFC 9110 asks for a challenge all the same. */
const API_KEY = 'ApiKey realm="breakwater"';

/** What a route takes. */
export interface Accepted {
  readonly tokens: boolean;
  readonly keys: boolean;
  /** All that it requires, separated by blanks. */
  readonly scopes: string;
}

interface Answer {
  readonly code: ProblemCode;
  /** For developers of clients; plain ASCII without quotes, and nothing of the token. */
  readonly detail?: string;
}

const ANSWERS: Readonly<Record<Exclude<Refusal, Unavailable>, Answer>> = {
  missing: { code: 'token_missing' },
  malformed: { code: 'token_invalid', detail: 'The token is no JWT of the form that is accepted here' },
  no_provider: {
    code: 'token_invalid',
    detail: 'The issuer or the algorithm of the token is not accepted here',
  },
  signature: { code: 'token_invalid', detail: 'The token is not signed by its issuer' },
  unknown_key: { code: 'token_invalid', detail: 'The token is not signed with a current key of its issuer' },
  expired: { code: 'token_invalid', detail: 'The token is expired' },
  not_yet_valid: { code: 'token_invalid', detail: 'The token is not valid yet' },
  type: { code: 'token_invalid', detail: 'The token is of a type that is not accepted here' },
  issuer: { code: 'token_invalid', detail: 'The token is from another issuer' },
  audience: { code: 'token_invalid', detail: 'The token is not meant for this service' },
  claims: { code: 'token_invalid', detail: 'A registered claim is missing or of the wrong type' },
  inactive: { code: 'token_invalid', detail: 'The token is not active' },
  revoked: { code: 'token_invalid', detail: 'The token has been revoked' },
  missing_api_key: { code: 'api_key_missing' },
  unknown_api_key: { code: 'api_key_invalid' },
  insufficient_scope: {
    code: 'insufficient_scope',
    detail: 'The token lacks a scope that the route requires',
  },
  insufficient_claims: {
    code: 'insufficient_claims',
    detail: 'The token lacks a claim that the route requires',
  },
};

/** @returns the answer, with a challenge for each scheme that would do; that of tokens as RFC 6750 section 3 has it */
export function refusal(failure: Refusal, accepted: Accepted): ProblemError {
  if (failure instanceof Unavailable) {
    const headers = { 'Retry-After': String(failure.retryAfter) };
    return new ProblemError(failure.reason, { headers });
  }
  const { code, detail } = ANSWERS[failure];
  const challenges = challengesOf(code, detail, accepted).join(', ');
  return new ProblemError(code, {
    detail,
    headers: challenges === '' ? undefined : { 'WWW-Authenticate': challenges },
  });
}

function challengesOf(
  code: ProblemCode,
  detail: string | undefined,
  { tokens, keys, scopes }: Accepted,
): string[] {
  // Without any provider, too, a 401 has to name something.
  const bearer = tokens || !keys;
  switch (code) {
    case 'insufficient_scope':
    case 'insufficient_claims': {
      const scope = scopes === '' ? '' : `, scope="${scopes}"`;
      const error = `error="insufficient_scope", error_description="${detail}"`;
      return bearer ? [`${BEARER}, ${error}${scope}`] : [];
    }
    case 'token_invalid': {
      const error = `error="invalid_token", error_description="${detail}"`;
      return [...(bearer ? [`${BEARER}, ${error}`] : []), ...(keys ? [API_KEY] : [])];
    }
    default:
      return [...(bearer ? [BEARER] : []), ...(keys ? [API_KEY] : [])];
  }
}

import type { ProblemCode } from '../../common/errors/codes.js';
import { ProblemError } from '../../common/errors/problem.js';
import { type Refusal, Unavailable } from './unavailable.js';

const REALM = 'Bearer realm="breakwater"';

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

/**
 * @param scopes all that the route requires, separated by blanks
 * @returns the answer, with `WWW-Authenticate` as RFC 6750 section 3 has it
 */
export function refusal(failure: Refusal, scopes: string): ProblemError {
  if (failure instanceof Unavailable) {
    const headers = { 'Retry-After': String(failure.retryAfter) };
    return new ProblemError(failure.reason, { headers });
  }
  const { code, detail } = ANSWERS[failure];
  return new ProblemError(code, { detail, headers: headersOf(code, detail, scopes) });
}

function headersOf(code: ProblemCode, detail: string | undefined, scopes: string): Record<string, string> {
  switch (code) {
    case 'token_invalid':
      return { 'WWW-Authenticate': `${REALM}, error="invalid_token", error_description="${detail}"` };
    case 'insufficient_scope':
    case 'insufficient_claims': {
      const scope = scopes === '' ? '' : `, scope="${scopes}"`;
      return {
        'WWW-Authenticate': `${REALM}, error="insufficient_scope", error_description="${detail}"${scope}`,
      };
    }
    case 'api_key_missing':
    case 'api_key_invalid':
      return { 'WWW-Authenticate': 'ApiKey realm="breakwater"' };
    default:
      return { 'WWW-Authenticate': REALM };
  }
}

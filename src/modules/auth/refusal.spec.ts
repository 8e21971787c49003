import { describe, expect, it } from 'vitest';
import { type Accepted, type Refusal, refusalProblem as refusal, Unavailable } from './refusal.js';

/** Each must be here: a new one is a type error until it is. */
const STATUS: Readonly<Record<Exclude<Refusal, Unavailable>, number>> = {
  missing: 401,
  malformed: 401,
  no_provider: 401,
  signature: 401,
  unknown_key: 401,
  expired: 401,
  not_yet_valid: 401,
  type: 401,
  issuer: 401,
  audience: 401,
  claims: 401,
  inactive: 401,
  revoked: 401,
  missing_api_key: 401,
  unknown_api_key: 401,
  missing_certificate: 401,
  invalid_certificate: 401,
  expired_certificate: 401,
  missing_credential: 401,
  invalid_credential: 401,
  insufficient_scope: 403,
  insufficient_claims: 403,
};
const FAILURES = Object.keys(STATUS) as (keyof typeof STATUS)[];

/** RFC 6750 section 3: what may stand between the quotes of a challenge. */
const PARAMETER = /^[a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*"$/;

const BOTH: Accepted = { tokens: true, keys: true, certificates: false, challenges: [], scopes: 'a b:c' };

function headerOf(failure: Refusal, accepted: Partial<Accepted> = {}) {
  return refusal(failure, { ...BOTH, ...accepted }).options.headers?.['WWW-Authenticate'];
}

function challengeOf(failure: Refusal, scopes = 'a b:c') {
  const [scheme, parameters = ''] = headerOf(failure, { keys: false, scopes })?.split(/ (.*)/) ?? [];
  return { scheme, parameters: parameters.split(', ') };
}

describe('refusalProblem', () => {
  it.each(FAILURES)('writes a valid challenge for %s', (failure) => {
    expect(refusal(failure, BOTH).status).toBe(STATUS[failure]);
    const { scheme, parameters } = challengeOf(failure);
    expect(scheme).toBe('Bearer');
    expect(parameters.filter((each) => !PARAMETER.test(each))).toEqual([]);
    expect(parameters[0]).toBe('realm="breakwater"');
  });

  it.each(FAILURES)('names each accepted scheme for %s', (failure) => {
    const [both, tokens, keys, none] = [
      {},
      { keys: false },
      { tokens: false },
      { tokens: false, keys: false },
    ].map((accepted) => headerOf(failure, accepted));
    const isForbidden = STATUS[failure] === 403;
    expect(both).toBe(isForbidden ? tokens : `${tokens}, ApiKey realm="breakwater"`);
    expect(keys).toBe(isForbidden ? undefined : 'ApiKey realm="breakwater"');
    expect(none).toBe(tokens);
    const certificates = headerOf(failure, { tokens: false, keys: false, certificates: true });
    expect(certificates).toBe(isForbidden ? undefined : 'ClientCertificate realm="breakwater"');
    const plugin = headerOf(failure, { tokens: false, keys: false, challenges: ['Own realm="a"'] });
    expect(plugin).toBe(isForbidden ? undefined : 'Own realm="a"');
  });

  it('names an error of RFC 6750, but none for a request without a token', () => {
    const errorOf = (failure: Refusal) =>
      challengeOf(failure).parameters.find((each) => each.startsWith('error='));
    const errors = Object.groupBy(FAILURES, (failure) => errorOf(failure) ?? 'none');
    expect(errors).toEqual({
      none: ['missing', ...FAILURES.filter((failure) => /api_key|certificate|credential/.test(failure))],
      'error="invalid_token"': FAILURES.slice(1, 13),
      'error="insufficient_scope"': ['insufficient_scope', 'insufficient_claims'],
    });
  });

  it('names the required scopes, if there are any', () => {
    const scopeOf = (scopes: string) =>
      challengeOf('insufficient_scope', scopes).parameters.filter((each) => each.startsWith('scope='));
    expect([scopeOf('a b:c'), scopeOf('')]).toEqual([['scope="a b:c"'], []]);
    expect(challengeOf('expired').parameters.some((each) => each.startsWith('scope='))).toBe(false);
  });

  it.each([
    [-5, '1'],
    [0, '1'],
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [59_999, '60'],
  ])('writes no challenge while the issuer is unavailable: for %d ms, Retry-After is %s', (ms, seconds) => {
    for (const reason of ['keys_unavailable', 'introspection_unavailable'] as const) {
      const { status, code, options } = refusal(new Unavailable(reason, ms), BOTH);
      expect([status, code, options.headers]).toEqual([503, reason, { 'Retry-After': seconds }]);
    }
  });
});

/** What a claim can be wrong with. */
export type ClaimFault = 'claims' | 'expired' | 'not_yet_valid' | 'issuer' | 'audience';

export interface ClaimRules {
  readonly issuer: string | undefined;
  /** The token must be for one of them. */
  readonly audience: readonly string[] | undefined;
  readonly clockSkewMs: number;
}

export type Claims = Readonly<Record<string, unknown>>;

/** The last second of the year 9999: a later date is a mistake of unit, or meant to overflow. */
const LAST_DATE = 253_402_300_799;

/**
 * Holds the registered claims (RFC 7519 section 4.1) against the rules, strictly: a date that is text is no date.
 *
 * @param nowMs milliseconds since the epoch
 * @returns why the token is refused, or `undefined`
 */
export function refusalOf(claims: Claims, rules: ClaimRules, nowMs: number): ClaimFault | undefined {
  const { exp, nbf, iat, iss, sub } = claims;
  // A token without an end would be valid for ever.
  if (!isDate(exp) || !isOptional(nbf, isDate) || !isOptional(iat, isDate)) return 'claims';
  if (!isOptional(iss, isText) || !isOptional(sub, isText)) return 'claims';
  const { clockSkewMs } = rules;
  if (nowMs >= exp * 1000 + clockSkewMs) return 'expired';
  const latest = nowMs + clockSkewMs;
  if ((nbf ?? 0) * 1000 > latest || (iat ?? 0) * 1000 > latest) return 'not_yet_valid';
  if (rules.issuer !== undefined && iss !== rules.issuer) return 'issuer';
  return refusedAudience(claims['aud'], rules.audience);
}

function refusedAudience(aud: unknown, ours: readonly string[] | undefined): ClaimFault | undefined {
  const theirs = typeof aud === 'string' ? [aud] : (aud ?? []);
  if (!Array.isArray(theirs) || !theirs.every(isText)) return 'claims';
  return ours === undefined || theirs.some((each) => ours.includes(each)) ? undefined : 'audience';
}

function isDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LAST_DATE;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isOptional<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value);
}

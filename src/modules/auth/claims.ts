import type { Claims } from '../../common/claim-path.js';
import type { AuthProviderConfig } from '../config/gateway-config.js';

/** What can be wrong with a registered claim. */
export type ClaimFault = 'claims' | 'expired' | 'not_yet_valid' | 'issuer' | 'audience';

/** The token must name one of the audiences. */
type ClaimRules = Pick<AuthProviderConfig, 'issuer' | 'audience' | 'clockSkew'>;

/** The last second of the year 9999. A later date is in the wrong unit, or meant to overflow. */
const LAST_DATE = 253_402_300_799;

/**
 * Checks the registered claims (RFC 7519 section 4.1) strictly: a date that is text is not a date.
 *
 * @param nowMs milliseconds since the epoch
 * @returns until when the token is valid, skew included, in milliseconds since the epoch; or why it is refused
 */
export function validUntil(claims: Claims, rules: ClaimRules, nowMs: number): number | ClaimFault {
  const { exp, nbf, iat, iss, sub } = claims;
  // A token without an end would be valid for ever.
  if (!isDate(exp) || !isOptional(nbf, isDate) || !isOptional(iat, isDate)) return 'claims';
  if (!isOptional(iss, isText) || (sub !== undefined && subjectOf(claims) === undefined)) return 'claims';
  const { clockSkew } = rules;
  const end = exp * 1000 + clockSkew;
  if (nowMs >= end) return 'expired';
  const latest = nowMs + clockSkew;
  if ((nbf ?? 0) * 1000 > latest || (iat ?? 0) * 1000 > latest) return 'not_yet_valid';
  if (rules.issuer !== undefined && iss !== rules.issuer) return 'issuer';
  return audienceFault(claims['aud'], rules.audience) ?? end;
}

/**
 * @returns the `sub`; `undefined` when it is missing, or neither text nor a whole number. Larger numbers than `JSON.parse`
 *   tells apart are none, since two subjects could become one.
 */
export function subjectOf({ sub }: Claims): string | undefined {
  if (Number.isSafeInteger(sub)) return String(sub);
  return isText(sub) ? sub : undefined;
}

function audienceFault(aud: unknown, ours: readonly string[] | undefined): ClaimFault | undefined {
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

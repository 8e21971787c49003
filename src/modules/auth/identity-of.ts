import { type Claims, claimPath, headerSafe, headerValue } from '../../common/claim-path.js';
import type { Identity } from '../routing/identity.js';
import { subjectOf } from './claims.js';

/**
 * Makes an identity of verified claims, with the headers that upstreams get, once for each token.
 *
 * @param forwardClaims claim to header name
 */
export function identityOf(
  claims: Claims,
  provider: string,
  forwardClaims: Readonly<Record<string, string>> = {},
): Identity {
  const { iss, tenant, tid } = claims;
  const subject = subjectOf(claims) ?? '';
  const scopes = scopesOf(claims);
  // An empty id would look like that of a user.
  const upstreamHeaders = subject === '' ? [] : ['X-User-Id', headerSafe(subject)];
  upstreamHeaders.push('X-User-Scopes', scopes.map(headerSafe).join(' '));
  for (const [claim, header] of Object.entries(forwardClaims)) {
    const value = headerValue(claimPath(claim)(claims));
    if (value !== undefined) upstreamHeaders.push(header, value);
  }
  return Object.freeze({
    provider,
    subject,
    issuer: text(iss),
    tenant: text(tenant) ?? text(tid),
    scopes,
    claims,
    upstreamHeaders,
  });
}

/** `scope` is a space-separated string (RFC 8693), `scp` a list or a string. */
function scopesOf(claims: Claims): string[] {
  const given = claims['scope'] ?? claims['scp'];
  if (Array.isArray(given)) return given.filter((scope) => typeof scope === 'string');
  return typeof given === 'string' ? given.split(' ').filter((scope) => scope !== '') : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

import type { Identity } from '../routing/identity.js';
import { type Claims, claimPath, subjectOf } from './claims.js';

/** Without `%`, which is encoded as well, or two subjects could be written alike. */
const VISIBLE_ASCII = /^[\x21-\x24\x26-\x7e]*$/;

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

/** @returns a plain value as it is, a list of them separated by spaces, and `undefined` for anything else */
function headerValue(value: unknown): string | undefined {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const plain = items.filter((each) => ['string', 'number', 'boolean'].includes(typeof each));
  if (plain.length === 0 || plain.length < items.length) return undefined;
  return plain.map((each) => headerSafe(String(each))).join(' ');
}

/** A claim may be any string, and a header takes only visible ASCII safely, so the rest is percent-encoded. */
function headerSafe(value: string): string {
  return VISIBLE_ASCII.test(value) ? value : encodeURIComponent(value.toWellFormed());
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

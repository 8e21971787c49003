import type { Identity } from '../routing/identity.js';
import { claimPath } from './claim-path.js';
import type { Claims } from './registered-claims.js';

/** `%` is encoded as well, or two subjects could be told as one. */
const VISIBLE_ASCII = /^[\x21-\x24\x26-\x7e]*$/;

export interface IdentityRules {
  readonly provider: string;
  /** Claim to header name. */
  readonly forwardClaims: Readonly<Record<string, string>>;
}

/** Makes an identity of verified claims, once for each token: what upstreams are told is made here as well. */
export function identityOf(claims: Claims, rules: IdentityRules): Identity {
  const { sub, iss, tenant, tid } = claims;
  const subject = text(sub) ?? '';
  const scopes = scopesOf(claims);
  return Object.freeze({
    provider: rules.provider,
    subject,
    issuer: text(iss),
    tenant: text(tenant) ?? text(tid),
    scopes,
    claims,
    upstreamHeaders: upstreamHeaders(subject, scopes, claims, rules.forwardClaims),
  });
}

/** `scope` is a space-separated string (RFC 8693), `scp` a list or a string. */
function scopesOf(claims: Claims): string[] {
  const given = claims['scope'] ?? claims['scp'];
  if (Array.isArray(given)) return given.filter((scope) => typeof scope === 'string');
  return typeof given === 'string' ? given.split(' ').filter((scope) => scope !== '') : [];
}

function upstreamHeaders(
  subject: string,
  scopes: readonly string[],
  claims: Claims,
  forwardClaims: IdentityRules['forwardClaims'],
): readonly string[] {
  // An empty id would look like that of somebody.
  const headers = subject === '' ? [] : ['X-User-Id', headerSafe(subject)];
  headers.push('X-User-Scopes', scopes.map(headerSafe).join(' '));
  for (const [claim, header] of Object.entries(forwardClaims)) {
    const value = headerValue(claimPath(claim)(claims));
    if (value !== undefined) headers.push(header, value);
  }
  return headers;
}

/** @returns plain values as they are, lists of them separated by blanks, `undefined` for anything else */
function headerValue(value: unknown): string | undefined {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const plain = items.filter((each) => ['string', 'number', 'boolean'].includes(typeof each));
  if (plain.length === 0 || plain.length < items.length) return undefined;
  return plain.map((each) => headerSafe(String(each))).join(' ');
}

/** A claim may be any string; in a header only visible ASCII is safe, so anything else is percent-encoded. */
function headerSafe(value: string): string {
  return VISIBLE_ASCII.test(value) ? value : encodeURIComponent(value.toWellFormed());
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

import { hash } from 'node:crypto';
import { filledTemplates, type HeaderRules } from '../../common/http/header-rules.js';
import { headerRulesOf } from '../routing/code-route.js';
import { type Exchange, handlerPathOf } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';

/** A resource: the authority it is requested under, and its path with the query. */
export interface ResourceName {
  /** Host as matched, with the port unless it is 80 or 443. */
  readonly origin: string;
  readonly target: string;
}

const NOBODY = '-';
/** Verified tokens share their identity object, so most requests find their user here. */
const users = new WeakMap<Identity, string>();
/** The same for the headers that a route fills with their claims. */
const filledByRules = new WeakMap<HeaderRules, WeakMap<Identity, string>>();

/**
 * Names what a stored response answers. Every part is preceded by its length, so that two different requests never
 * have the same key, and the user is hashed, so that a key does not reveal anybody.
 *
 * @param route id of the route, or of a handler of code
 */
export function cacheKey(exchange: Exchange, route: string, per: 'user' | 'public'): string {
  const { path, query } = exchange.head;
  const origin = originOf(exchange);
  const { identity } = exchange;
  const named =
    per === 'user' && identity ? userOf(identity) + filledFor(identity, requestRulesOf(exchange)) : NOBODY;
  // The upstream may answer by headers that plugins set, without a `Vary` for what no client sends.
  const user = exchange.changedHeaders ? named + digestOf(exchange.changedHeaders) : named;
  return part(route) + part(origin) + part(user) + part(publicName(exchange, origin)) + part(path) + query;
}

export function resourceOf(exchange: Exchange): ResourceName {
  return { origin: originOf(exchange), target: exchange.head.path + exchange.head.query };
}

/**
 * Identifies a user by issuer, subject, tenant and everything else that the upstream is told of them (scopes, chosen
 * claims), because the upstream may answer by that.
 */
function userOf(identity: Identity): string {
  const known = users.get(identity);
  if (known !== undefined) return known;
  const { provider, issuer = null, subject, tenant = null, upstreamHeaders } = identity;
  const user = digestOf([provider, issuer, subject, tenant, upstreamHeaders]);
  users.set(identity, user);
  return user;
}

function digestOf(parts: Iterable<unknown>): string {
  return hash('sha256', JSON.stringify([...parts]), 'base64url');
}

/** @returns a hash of the headers that the route fills for the user, or an empty string */
function filledFor(identity: Identity, rules: HeaderRules | undefined): string {
  if (!rules?.templates.length) return '';
  let known = filledByRules.get(rules);
  if (!known) filledByRules.set(rules, (known = new WeakMap()));
  let digest = known.get(identity);
  if (digest === undefined) {
    // Without the path, which is a part of the key by itself.
    const filled = filledTemplates(rules, '', identity.claims) ?? [];
    known.set(identity, (digest = digestOf(filled)));
  }
  return digest;
}

/** @returns the headers that the route, or the handler of code, fills with claims and parts of the path, by name */
export function filledHeaders(exchange: Exchange): ReadonlyMap<string, string | null> | undefined {
  const rules = requestRulesOf(exchange);
  return rules && filledTemplates(rules, exchange.head.path, exchange.identity?.claims);
}

function requestRulesOf({ req, route, head }: Exchange): HeaderRules | undefined {
  const handler = head.code && handlerPathOf(req);
  return head.code && handler !== undefined
    ? headerRulesOf(head.code, handler).request
    : route?.requestHeaders;
}

const PORT = /:(\d+)$/;
const DEFAULT_PORTS: ReadonlySet<string | undefined> = new Set([undefined, '80', '443']);

/** @param host the normalised host of `authority` */
export function originName(authority: string, host: string): string {
  const port = PORT.exec(authority)?.[1];
  return DEFAULT_PORTS.has(port) ? host : `${host}:${port}`;
}

function originOf({ head }: Exchange): string {
  return originName(head.authority, head.host);
}

/** What a trusted proxy says of the public address, which upstreams may write into links. */
const ORIGIN_HEADERS = [
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  // Older spellings, which a proxy that does not know them may pass on from its clients.
  'front-end-https',
  'x-forwarded-scheme',
  'x-forwarded-ssl',
  'x-scheme',
  'x-script-name',
  'x-url-scheme',
] as const;

/**
 * The name that the upstream is called by and may write into links: the client's own spelling, with a default port or
 * a final dot, and what a trusted proxy says.
 */
function publicName({ head, req }: Exchange, origin: string): string {
  const written = head.authority.toLowerCase();
  const name = written === origin ? '' : written;
  if (!head.peerTrusted) return name;
  const { headers } = req;
  return JSON.stringify([name, ...ORIGIN_HEADERS.map((header) => headers[header])]);
}

/** A hash, and a blank. No plain key begins like that. */
const VARIANT = /^[\w-]{43} /;

/**
 * Every gateway makes the same key of a variant, so that each finds what others have stored.
 *
 * @param variant as `variantFor` names it
 */
export function variantKey(key: string, variant: string): string {
  return `${variant} ${key}`;
}

/** @returns what the keys of all variants have in common */
export function plainKey(key: string): string {
  return key.replace(VARIANT, '');
}

/**
 * Reads the route and the resource back from a key.
 *
 * @param key may be that of a variant
 */
export function namesOf(key: string): { readonly route: string; readonly resource: ResourceName } {
  const parts: string[] = [];
  let at = key.length - plainKey(key).length;
  while (parts.length < 5) {
    const colon = key.indexOf(':', at);
    const end = colon + 1 + Number(key.slice(at, colon));
    parts.push(key.slice(colon + 1, end));
    at = end;
  }
  const [route = '', origin = '', , , path = ''] = parts;
  return { route, resource: { origin, target: path + key.slice(at) } };
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

/** @returns a name of 22 characters, however long the text, that does not reveal it */
export function shortHash(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

import { memoised } from '../memo.js';
import { isHopByHop, nominatedByConnection } from './hop-by-hop.js';
import { isOfTrace, withSoundTrace } from './trace-context.js';

/** Fields that some servers take for the real URL, method or proxy, and those that are ours to give. */
const NEVER_PASSED = [
  'breakwater-mirror',
  'forwarded',
  // A CGI program finds it as HTTP_PROXY in its environment (CVE-2016-5385).
  'proxy',
  'via',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-middleware-subrequest',
  'x-original-url',
  'x-request-deadline',
  'x-request-id',
  'x-rewrite-url',
];

/** Fields in which proxies say who the client is, and where it is; those of a trusted one pass. */
const SAID_BY_PROXIES: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'fastly-client-ip',
  'remote-user',
  'true-client-ip',
  'x-auth-request-access-token',
  'x-auth-request-email',
  'x-auth-request-groups',
  'x-auth-request-preferred-username',
  'x-auth-request-user',
  'x-authenticated-user',
  'x-client-cert',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-real-ip',
  'x-remote-user',
  'x-ssl-client-cert',
]);

const PEER_CLAIMS: ReadonlySet<string> = new Set([...NEVER_PASSED, ...SAID_BY_PROXIES]);

/** Fields that make the answer depend on what the client already has (RFC 9110 sections 13.1 and 14.2). */
const CONDITIONS: ReadonlySet<string> = new Set(['if-modified-since', 'if-none-match', 'if-range', 'range']);

/** Headers that end at the gateway. */
export interface KeptBack {
  /** Lower case, with a dash for each underscore: CGI-like servers read both as one field. */
  readonly headers: ReadonlySet<string>;
  /** The one of them that goes on, lower case; its underscore twins do not. */
  readonly except?: string;
}

/** What the gateway says to an upstream about a request, beside the client's own fields. */
export interface UpstreamRequestContext {
  readonly requestId: string;
  /** Address of the peer; empty when its socket is gone. */
  readonly peer: string;
  /** Whether the peer's own forwarding fields are believed and extended. */
  readonly peerTrusted: boolean;
  /** Host and port as the client wrote them. */
  readonly authority: string;
  readonly proto: string;
  /** This gateway's own `Via` entry. */
  readonly via: string;
  /** Whether the client's `Authorization` goes on to the upstream. */
  readonly forwardAuthorization: boolean;
  /** Other headers that do not go on, since keys may be in them. */
  readonly keptBack?: KeptBack | undefined;
  /** Verified identity, names and values in turn. */
  readonly identity: readonly string[];
  /** What to ask instead of the client's own conditions and range, names and values in turn. */
  readonly conditions?: readonly string[] | undefined;
}

/**
 * Builds the head an upstream receives: hop-by-hop fields and what `Connection` names go first, then every
 * field a client could use to pose as someone else, and only then are ours added.
 *
 * @param raw names and values in turn, as received
 * @returns names and values in turn; no framing field and no `Host`
 */
export function upstreamRequestHeaders(raw: readonly string[], context: UpstreamRequestContext): string[] {
  const nominated = nominatedByConnection(connectionField(raw));
  const { keptBack } = context;
  let headers: string[] = [];
  let isTraced = false;
  let forwardedFor = '';
  let forwardedHost = '';
  let forwardedProto = '';
  let forwarded = '';
  let via = '';
  for (let i = 0; i < raw.length; i += 2) {
    const original = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const field = fieldOf(original);
    const { name, kind } = field;
    if (kind === 'dropped' || nominated.has(name)) continue;
    if (keptBack !== undefined && name !== keptBack.except && keptBack.headers.has(field.dashed)) continue;
    if (kind === 'authorization' && !context.forwardAuthorization) continue;
    if (kind === 'condition' && context.conditions) continue;
    if (kind === 'claim') {
      if (name === 'via') via = join(via, value);
      if (!context.peerTrusted) continue;
      if (name === 'x-forwarded-for') forwardedFor = join(forwardedFor, value);
      else if (name === 'x-forwarded-host') forwardedHost ||= value;
      else if (name === 'x-forwarded-proto') forwardedProto ||= value;
      else if (name === 'forwarded') forwarded = join(forwarded, value);
      else if (name.startsWith('x-forwarded-') || SAID_BY_PROXIES.has(name)) headers.push(original, value);
      continue;
    }
    if (kind === 'trace') isTraced = true;
    headers.push(original, value);
  }
  if (isTraced) headers = withSoundTrace(headers);
  headers.push(
    'X-Forwarded-For',
    join(forwardedFor, context.peer),
    'X-Forwarded-Proto',
    forwardedProto || context.proto,
    'X-Forwarded-Host',
    forwardedHost || context.authority,
    'Forwarded',
    join(forwarded, `for=${quoteNode(context.peer)};host="${context.authority}";proto=${context.proto}`),
    'Via',
    join(via, context.via),
    'X-Request-Id',
    context.requestId,
  );
  for (const part of context.identity) headers.push(part);
  if (context.conditions) for (const part of context.conditions) headers.push(part);
  return headers;
}

interface Field {
  /** Lower case. */
  readonly name: string;
  /** The same with a dash for each underscore. */
  readonly dashed: string;
  readonly kind: 'dropped' | 'authorization' | 'condition' | 'claim' | 'trace' | 'plain';
}

/** Clients name the same few fields over and over. */
const fieldOf = memoised((original): Field => {
  const name = original.toLowerCase();
  return { name, dashed: dashed(name), kind: kindOf(name) };
});

function kindOf(name: string): Field['kind'] {
  if (isHopByHop(name) || name === 'host' || isIdentity(name) || hasDashTwin(name)) return 'dropped';
  if (name === 'authorization') return 'authorization';
  if (CONDITIONS.has(name)) return 'condition';
  if (isOfTrace(name)) return 'trace';
  return isPeerClaim(name) ? 'claim' : 'plain';
}

function connectionField(raw: readonly string[]): string | undefined {
  let field: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (name.length === 10 && name.toLowerCase() === 'connection') {
      field = field === undefined ? raw[i + 1] : `${field},${raw[i + 1] ?? ''}`;
    }
  }
  return field;
}

/** Identity fields are the gateway's to give: a client-sent one would let anyone be anybody. */
function isIdentity(name: string): boolean {
  return name.startsWith('x-user-') || name.startsWith('x-jwt-');
}

function isPeerClaim(name: string): boolean {
  return PEER_CLAIMS.has(name) || name.startsWith('x-forwarded-');
}

/** @returns the header that CGI-like servers take it for */
export function dashed(name: string): string {
  return name.replaceAll('_', '-');
}

/** CGI-like servers read `X_User_Id` and `X-User-Id` as one field, so the underscore twin is dropped as well. */
function hasDashTwin(name: string): boolean {
  if (!name.includes('_')) return false;
  const twin = dashed(name);
  return (
    isIdentity(twin) || isHopByHop(twin) || isPeerClaim(twin) || twin === 'authorization' || twin === 'host'
  );
}

function join(list: string, item: string): string {
  return list === '' ? item : `${list}, ${item}`;
}

/** RFC 7239 section 6: an IPv6 address is bracketed and quoted. */
function quoteNode(address: string): string {
  if (address === '') return 'unknown';
  return address.includes(':') ? `"[${address}]"` : address;
}

import { randomBytes } from 'node:crypto';
import { dashed, nominatedByConnection, ownerOf } from './header-owners.js';
import { isOfTrace, withSoundTrace } from './trace-context.js';

const pseudonym = `breakwater-${randomBytes(6).toString('hex')}`;

/**
 * How this process signs what it forwards (RFC 9110 section 7.6.3). The pseudonym is one process's own, so
 * that a chain of gateways is no loop, and a request that comes back to us is.
 */
export const VIA = { pseudonym, entry: `1.1 ${pseudonym}` } as const;

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
    const name = original.toLowerCase();
    if (nominated.has(name)) continue;
    if (keptBack !== undefined && name !== keptBack.except && keptBack.headers.has(dashed(name))) continue;
    switch (ownerOf(name)) {
      case 'client':
        if (name === 'authorization' && !context.forwardAuthorization) break;
        if (context.conditions && CONDITIONS.has(name)) break;
        isTraced ||= isOfTrace(name);
        headers.push(original, value);
        break;
      case 'proxy':
        if (context.peerTrusted) headers.push(original, value);
        break;
      case 'forwarding':
        // Whoever the peer is, the hops that `Via` lists are kept, so that a loop is noticed.
        if (name === 'via') via = join(via, value);
        else if (!context.peerTrusted) break;
        else if (name === 'x-forwarded-for') forwardedFor = join(forwardedFor, value);
        else if (name === 'x-forwarded-host') forwardedHost ||= value;
        else if (name === 'x-forwarded-proto') forwardedProto ||= value;
        else if (name === 'forwarded') forwarded = join(forwarded, value);
        else headers.push(original, value);
    }
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
    join(via, VIA.entry),
    'X-Request-Id',
    context.requestId,
  );
  for (const part of context.identity) headers.push(part);
  if (context.conditions) for (const part of context.conditions) headers.push(part);
  return headers;
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

function join(list: string, item: string): string {
  return list === '' ? item : `${list}, ${item}`;
}

/** RFC 7239 section 6: an IPv6 address is bracketed and quoted. */
function quoteNode(address: string): string {
  if (address === '') return 'unknown';
  return address.includes(':') ? `"[${address}]"` : address;
}

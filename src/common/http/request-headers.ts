import { randomBytes } from 'node:crypto';
import { dashed, nominatedByConnection, ownerOf } from './header-owners.js';
import { forwardedField, type ForwardedFamily, type Origin, portOf } from './forwarded.js';
import { isTraceHeader, type Trace, withValidTrace } from './trace-context.js';

const pseudonym = `breakwater-${randomBytes(6).toString('hex')}`;

/**
 * The `Via` entry of this process (RFC 9110 section 7.6.3). Each process has its own pseudonym, so a chain of gateways is
 * not taken for a loop, and a request that returns to this process is.
 */
export const VIA = { pseudonym, entry: `1.1 ${pseudonym}` } as const;

/** Headers that make the response depend on what the client already has (RFC 9110 sections 13.1 and 14.2). */
const CONDITIONS: ReadonlySet<string> = new Set(['if-modified-since', 'if-none-match', 'if-range', 'range']);

/** Headers that the upstream does not get. */
export interface KeptBack {
  /** Lower case, with a dash for each underscore, since CGI-like servers read both as one header. */
  readonly headers: ReadonlySet<string>;
  /** The one of them that is forwarded, in lower case; its underscore variants are not. */
  readonly except?: string | undefined;
  /** What is sent in their place, names and values in turn. */
  readonly instead?: readonly string[];
}

/** What the gateway knows about a request, beside the client's own headers. */
export interface UpstreamRequestContext {
  readonly requestId: string;
  /** Address of the peer; empty when its socket is gone. */
  readonly peer: string;
  /** Whether the peer's `X-Forwarded-*` are believed and extended. */
  readonly peerTrusted: boolean;
  /** Host and port as the client wrote them. */
  readonly authority: string;
  readonly proto: string;
  /** The start of the path that the upstream does not get, or an empty string. */
  readonly prefix: string;
  /** The forwarding headers that the upstream gets. */
  readonly family: ForwardedFamily;
  /** Whether the client's `Authorization` is forwarded. */
  readonly forwardAuthorization: boolean;
  /** Other headers that are not forwarded, since they may contain API keys or tokens. */
  readonly keptBack?: KeptBack | undefined;
  /** Verified identity, names and values in turn. */
  readonly identity: readonly string[];
  /** Headers that replace the client's own conditions and range, names and values in turn. */
  readonly conditions?: readonly string[] | undefined;
  /** The trace that the request belongs to, when the gateway records traces. Without it, that of the client is passed on. */
  readonly trace?: Trace | undefined;
}

/**
 * Builds the headers of an upstream request. It removes the hop-by-hop headers and those that `Connection` names, and
 * every header that a client could use to pose as someone else, and only then adds the gateway's own.
 *
 * @param raw names and values in turn, as received
 * @returns names and values in turn, without framing and `Host`
 */
export function upstreamRequestHeaders(raw: readonly string[], context: UpstreamRequestContext): string[] {
  const nominated = nominatedByConnection(connectionField(raw));
  const { keptBack, trace } = context;
  let headers: string[] = [];
  let isTraced = false;
  const sendsX = context.family === 'both' || context.family === 'x-forwarded';
  const believed: Origin = { for: '', host: '', proto: '', port: '', prefix: '' };
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
        if (isTraceHeader(name)) {
          // The state is of no use without the trace that it belongs to.
          if (trace && (name === 'traceparent' || trace.parentId === undefined)) break;
          isTraced = true;
        }
        headers.push(original, value);
        break;
      case 'proxy':
        if (context.peerTrusted) headers.push(original, value);
        break;
      case 'forwarding':
        // `Via` is extended whoever the peer is, so that a loop is noticed.
        if (name === 'via') via = join(via, value);
        else if (!context.peerTrusted || name === 'forwarded') break;
        else if (name === 'x-forwarded-for') believed.for = join(believed.for, value);
        else if (name === 'x-forwarded-host') believed.host ||= value;
        else if (name === 'x-forwarded-proto') believed.proto ||= value;
        else if (name === 'x-forwarded-port') believed.port ||= value;
        else if (name === 'x-forwarded-prefix') believed.prefix ||= value;
        else if (sendsX) headers.push(original, value);
    }
  }
  if (trace) headers.push('traceparent', trace.traceparent);
  else if (isTraced) headers = withValidTrace(headers);
  if (context.family !== 'none') addOrigin(headers, believed, context);
  headers.push('Via', join(via, VIA.entry), 'X-Request-Id', context.requestId);
  for (const part of context.identity) headers.push(part);
  if (keptBack?.instead) for (const part of keptBack.instead) headers.push(part);
  if (context.conditions) for (const part of context.conditions) headers.push(part);
  return headers;
}

/** Tells the upstream where the request comes from: what a trusted peer says, and what the gateway sees itself. */
function addOrigin(
  headers: string[],
  origin: Origin,
  { family, peer, authority, proto, prefix }: UpstreamRequestContext,
): void {
  origin.for = join(origin.for, peer);
  origin.host ||= authority;
  origin.proto ||= proto;
  if (family !== 'forwarded') {
    headers.push(
      'X-Forwarded-For',
      origin.for,
      'X-Forwarded-Proto',
      origin.proto,
      'X-Forwarded-Host',
      origin.host,
    );
    headers.push('X-Forwarded-Port', origin.port || portOf(origin));
    if (prefix !== '' || origin.prefix !== '')
      headers.push('X-Forwarded-Prefix', origin.prefix.replace(/\/$/, '') + prefix);
  }
  if (family !== 'x-forwarded') headers.push('Forwarded', forwardedField(origin));
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

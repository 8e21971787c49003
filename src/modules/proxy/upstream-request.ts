import type { RawBodyRequest } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { applyHeaderRules } from '../../common/http/header-rules.js';
import { upstreamRequestHeaders } from '../../common/http/request-headers.js';
import { Deadline } from '../../common/resilience/deadline.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import { applyChanges } from '../plugins/results.js';
import type { Exchange, ExchangeHead } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { strippedPrefix } from '../routing/rewrite.js';
import { ClientBody } from '../upstream/client-body.js';
import type { UpstreamModel } from '../upstream/upstream.model.js';
import type { UpgradeRequest, UpstreamRequest } from '../upstream/upstream.types.js';
import { forwardInterim } from './interim-responses.js';

/** Bytes of a request body that is kept for a mirror or a fallback upstream. */
export const MAX_COPY_BYTES = 64 * 1024;

const BODY_IS_GONE =
  'Middleware such as express.json() has read the body of a request to a route, so that nothing is left to forward. ' +
  'Mount it for the paths of your controllers only.';

/** A request whose deadline outlives its first upstream, for the fallback upstreams. */
export type ForwardedRequest = UpstreamRequest & { readonly deadline: Deadline };

/**
 * @returns what the upstream of a route is sent for an exchange
 * @throws ProblemError `body_too_large` when the announced length is over the limit
 * @throws TypeError when code has read the body without keeping it in `rawBody`
 */
export function upstreamRequest(
  exchange: Exchange,
  route: RouteModel,
  upstream: UpstreamModel,
  upgrade?: UpgradeRequest,
): ForwardedRequest {
  const { req, head, gone: signal } = exchange;
  const path = route.rewrite ? route.rewrite(head.path) : head.path;
  const headers = requestHeaders(exchange, route, path, conditionsOf(exchange));
  const host = hostOf(head, route);
  if (host !== undefined) headers.push('Host', host);
  // A controller of code that has passed the request on has read its body.
  const { rawBody } = req as RawBodyRequest<Request>;
  if (head.hasBody && !rawBody && req.readableDidRead) throw new TypeError(BODY_IS_GONE);
  const rules = route.requestHeaders;
  const contentLength = head.hasBody ? announcedLength(req, route.config.maxBodyBytes) : undefined;
  return {
    method: asksForWhole(exchange) ? 'GET' : req.method,
    path: path + head.query,
    headers: rules ? applyHeaderRules(headers, rules, head.path, exchange.identity?.claims) : headers,
    body: rawBody ?? (head.hasBody ? new ClientBody(req, route.config.maxBodyBytes) : undefined),
    contentLength: rawBody ? undefined : contentLength,
    hashKey: hashKeyOf(exchange, upstream.config),
    deadline: new Deadline(upstream.clock, timeoutOf(exchange, route, upstream)),
    isStream: upgrade !== undefined || acceptsEvents(req),
    streamIdleTimeout: route.config.streamIdleTimeout,
    upgrade,
    onInterim: upgrade ? undefined : (status, fields) => forwardInterim(exchange, status, fields),
    tries: exchange.tries,
    trace: exchange.trace,
    signal,
  };
}

/** @returns the `Host` to send; without one, it is the host of the upstream's URL */
export function hostOf({ authority }: ExchangeHead, { config: { rewrite } }: RouteModel): string | undefined {
  if (rewrite?.host === undefined || rewrite.host === 'upstream') return undefined;
  if (rewrite.host !== 'preserve') return rewrite.host;
  // HTTP/1.0 clients may have sent none.
  return authority || undefined;
}

/** Browsers ask for an event stream by name. */
function acceptsEvents({ headers: { accept } }: Request): boolean {
  return accept !== undefined && accept.includes('text/event-stream');
}

/**
 * @param path that the upstream is asked for
 * @param conditions in place of the client's own, names and values in turn
 */
export function requestHeaders(
  exchange: Exchange,
  route: RouteModel,
  path: string,
  conditions: readonly string[] | undefined,
): string[] {
  const { req, head, changedHeaders } = exchange;
  const headers = upstreamRequestHeaders(req.rawHeaders, {
    requestId: exchange.id,
    peer: head.peer,
    peerTrusted: head.peerTrusted,
    authority: head.authority,
    proto: exchange.usesTls ? 'https' : 'http',
    prefix: route.config.rewrite?.stripPrefix === undefined ? '' : strippedPrefix(head.path, path),
    family: route.config.forwardedHeaders,
    forwardAuthorization: exchange.forwardAuthorization,
    keptBack: exchange.keptBack,
    identity: exchange.identity?.upstreamHeaders ?? [],
    conditions,
    trace: exchange.trace,
  });
  return changedHeaders ? applyChanges(headers, changedHeaders) : headers;
}

function conditionsOf({ cache }: Exchange): readonly string[] | undefined {
  if (cache?.kind === 'hit') return cache.refresh?.conditions;
  return cache?.kind === 'forward' ? cache.conditions : undefined;
}

/** The cache asks for more than the client does. */
function asksForWhole({ cache }: Exchange): boolean {
  return cache?.kind === 'hit' || (cache?.kind === 'forward' && cache.wantsPart === true);
}

/** @returns milliseconds; none are left after a wait for the response to another request */
function timeoutOf({ cache }: Exchange, { config }: RouteModel, upstream: UpstreamModel): number {
  if (cache?.kind === 'forward' && cache.isTimedOut) return 0;
  return config.timeout ?? upstream.config.timeout;
}

function announcedLength({ headers }: Request, maxBytes: number): number | undefined {
  const announced = headers['content-length'];
  if (announced === undefined) return undefined;
  const length = Number(announced);
  if (length > maxBytes) throw new ProblemError('body_too_large', { close: true });
  return length;
}

/** @returns the id of the upstream that the request goes to */
export function upstreamIdOf(exchange: Exchange, { split, config }: RouteModel): string {
  return split ? split(userOf(exchange)) : config.upstream;
}

/** @returns the key for the upstream's balancer; `undefined` unless that is `consistent-hash` */
export function hashKeyOf(exchange: Exchange, { balancer, hashOn }: UpstreamConfig): string | undefined {
  if (balancer !== 'consistent-hash') return undefined;
  if (hashOn === 'ip') return exchange.head.clientIp;
  if (hashOn === 'user') return userOf(exchange);
  return exchange.req.headers[hashOn.slice('header:'.length)]?.toString();
}

/** @returns what stays the same for a user; a token without a subject names nobody */
function userOf({ head, identity }: Exchange): string {
  return identity?.subject || head.clientIp;
}

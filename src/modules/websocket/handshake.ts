import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ProblemError } from '../../common/errors/problem.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { announcesBody } from '../../common/http/head.js';
import { originMatcher } from '../../common/http/web-origins.js';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Sixteen bytes in base64 (RFC 6455 section 4.1). */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** A request for another protocol (`h2c`), or for a choice of several, is an ordinary request. */
export function asksForWebSocket(headers: HeaderRecord): boolean {
  return typeof headers['upgrade'] === 'string' && headers['upgrade'].toLowerCase() === 'websocket';
}

/**
 * Only a request that may become a WebSocket takes over its connection. One with a body is answered as any other
 * request, and a route with WebSockets refuses it.
 */
export function isHandshake({ method, httpVersion, headers }: IncomingMessage): boolean {
  return method === 'GET' && httpVersion === '1.1' && asksForWebSocket(headers) && !announcesBody(headers);
}

/**
 * Checks the client's half of the handshake (RFC 6455 section 4.2.1).
 *
 * @throws ProblemError on a body, a malformed key, or a version other than 13
 */
export function checkHandshake(headers: HeaderRecord, hasBody: boolean): void {
  if (hasBody) malformed('A WebSocket handshake has no body');
  if (headers['sec-websocket-version'] !== '13') {
    throw new ProblemError('websocket_version', { close: true, headers: { 'Sec-WebSocket-Version': '13' } });
  }
  const key = headers['sec-websocket-key'];
  if (typeof key !== 'string' || !KEY.test(key)) malformed('Sec-WebSocket-Key is missing or malformed');
}

/**
 * Checks which page opens a WebSocket. CORS does not cover handshakes, so browsers leave the check to the server.
 *
 * @param origin `undefined` when the client is not a browser
 * @param authority the host of the gateway as the client knows it
 * @param allowed other origins than the gateway's own; `undefined` allows all
 * @param isByCookie the user is known by a cookie, so only pages of origins that are named can act for them
 */
export function isOriginAllowed(
  origin: string | undefined,
  authority: string,
  allowed: readonly string[] | undefined,
  isByCookie = false,
): boolean {
  if (origin === undefined) return !isByCookie;
  const named = isByCookie ? (allowed ?? []).filter((each) => each !== '*') : allowed;
  if (named === undefined || originMatcher(named)(origin)) return true;
  const page = URL.parse(origin);
  // With its scheme, so that the default port may be written or not.
  return page !== null && page.host !== '' && page.host === URL.parse(`${page.protocol}//${authority}`)?.host;
}

/**
 * @param offered the subprotocols that the upstream was offered
 * @returns whether the upstream's 101 answers this handshake (RFC 6455 section 4.1)
 */
export function isSwitchValid(
  request: HeaderRecord,
  response: HeaderRecord,
  offered: readonly string[] = listOf(request['sec-websocket-protocol']),
): boolean {
  const { 'sec-websocket-key': key } = request;
  const { upgrade, 'sec-websocket-accept': accept, 'sec-websocket-protocol': chosen } = response;
  if (typeof upgrade !== 'string' || upgrade.toLowerCase() !== 'websocket') return false;
  if (typeof key !== 'string' || accept !== acceptOf(key)) return false;
  const extensions = listOf(request['sec-websocket-extensions']).map(nameOf);
  const added = listOf(response['sec-websocket-extensions']).map(nameOf);
  if (!added.every((each) => extensions.includes(each))) return false;
  return chosen === undefined || (typeof chosen === 'string' && offered.includes(chosen));
}

/** @returns the `Sec-WebSocket-Accept` that answers a key */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

function listOf(field: string | string[] | undefined): string[] {
  return String(field ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** @returns an extension without its parameters */
function nameOf(extension: string): string {
  return (extension.split(';', 1)[0] ?? '').trimEnd().toLowerCase();
}

function malformed(detail: string): never {
  throw new ProblemError('malformed_request', { detail, close: true });
}

import { createHash } from 'node:crypto';
import { ProblemError } from '../errors/problem.js';
import type { HeaderRecord } from './response-headers.js';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Sixteen bytes in base64 (RFC 6455 section 4.1). */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

type RequestFields = Readonly<Record<string, string | string[] | undefined>>;

/** Does the request ask for a WebSocket and nothing else? `h2c` and lists are no business of a gateway. */
export function asksForWebSocket(headers: RequestFields): boolean {
  return typeof headers['upgrade'] === 'string' && headers['upgrade'].toLowerCase() === 'websocket';
}

/**
 * Checks the client's half of the handshake (RFC 6455 section 4.2.1).
 *
 * @throws ProblemError on a body, a key that is none, or a version other than 13
 */
export function checkHandshake(headers: RequestFields, hasBody: boolean): void {
  if (hasBody) malformed('A WebSocket handshake has no body');
  if (headers['sec-websocket-version'] !== '13') {
    throw new ProblemError('websocket_version', { close: true, headers: { 'Sec-WebSocket-Version': '13' } });
  }
  const key = headers['sec-websocket-key'];
  if (typeof key !== 'string' || !KEY.test(key)) malformed('Sec-WebSocket-Key is missing or malformed');
}

/**
 * May a page of this origin open a WebSocket? Browsers do not ask before, as they do with CORS.
 *
 * @param origin `undefined` for a client that is no browser
 * @param allowed beside the gateway's own pages; `undefined` for any
 */
export function isOriginAllowed(
  origin: string | undefined,
  authority: string,
  allowed: readonly string[] | undefined,
): boolean {
  if (origin === undefined || allowed === undefined || allowed.includes('*')) return true;
  if (allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === authority.toLowerCase();
}

/** Is the upstream's 101 the answer to this handshake (RFC 6455 section 4.1)? */
export function isSwitchValid(request: RequestFields, response: HeaderRecord): boolean {
  const { 'sec-websocket-key': key, 'sec-websocket-protocol': offered } = request;
  const { upgrade, 'sec-websocket-accept': accept, 'sec-websocket-protocol': chosen } = response;
  if (typeof upgrade !== 'string' || upgrade.toLowerCase() !== 'websocket') return false;
  if (typeof key !== 'string' || accept !== acceptOf(key)) return false;
  const extensions = listOf(request['sec-websocket-extensions']).map(nameOf);
  for (const each of listOf(response['sec-websocket-extensions'])) {
    if (!extensions.includes(nameOf(each))) return false;
  }
  return chosen === undefined || (typeof chosen === 'string' && listOf(offered).includes(chosen));
}

/** @returns the `Sec-WebSocket-Accept` that proves that the key was read */
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
  return extension.replace(/\s*;.*/s, '').toLowerCase();
}

function malformed(detail: string): never {
  throw new ProblemError('malformed_request', { detail, close: true });
}

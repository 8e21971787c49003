import type { IncomingHttpHeaders } from 'node:http';
import { ProblemError } from '../errors/problem.js';

const MAX_HEADERS = 100;

/** The methods that the gateway forwards. */
export const SERVED_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * Refuses requests that Node's parser accepts although two servers could read them differently.
 *
 * @param raw names and values in turn, as `IncomingMessage.rawHeaders` gives them
 * @param httpVersion as `IncomingMessage.httpVersion` gives it
 * @returns the `Host` field, empty when an HTTP/1.0 client left it out, and whether there is a body
 * @throws ProblemError on a version other than HTTP/1 (Node accepts `HTTP/2.0` here), a second `Host` or `Authorization`,
 *   a `Transfer-Encoding` other than `chunked` (Node accepts `,chunked`), an expectation
 *   other than `100-continue`, or more than 100 headers (Node would drop the rest silently)
 */
export function inspectHead(raw: readonly string[], httpVersion: string): { host: string; hasBody: boolean } {
  if (raw.length > 2 * MAX_HEADERS) {
    throw new ProblemError('headers_too_large', {
      detail: `The request has more than ${MAX_HEADERS} headers`,
      close: true,
    });
  }
  if (httpVersion !== '1.1' && httpVersion !== '1.0') malformed('The version must be HTTP/1.1 or HTTP/1.0');
  let host: string | undefined;
  let authorized = false;
  let hasBody = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    // The length rules out nearly every header without a lower-cased copy.
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== 'host') break;
        if (host !== undefined) throw new ProblemError('malformed_host', { close: true });
        host = value;
        break;
      case 6:
        // HTTP/1.0 clients know no expectations (RFC 9110 section 10.1.1).
        if (name.toLowerCase() !== 'expect' || httpVersion === '1.0') break;
        if (value.toLowerCase() !== '100-continue')
          throw new ProblemError('expectation_failed', { close: true });
        break;
      case 13:
        if (name.toLowerCase() !== 'authorization') break;
        if (authorized) malformed('The request has more than one Authorization header');
        authorized = true;
        break;
      case 14:
        if (name.toLowerCase() === 'content-length') hasBody ||= value !== '0';
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        if (value.toLowerCase() !== 'chunked') malformed('The only supported transfer coding is chunked');
        // RFC 9112 section 6.1: HTTP/1.0 has none, and a proxy that forwarded it may have framed the body differently.
        if (httpVersion === '1.0') malformed('HTTP/1.0 has no transfer coding');
        hasBody = true;
        break;
    }
  }
  return { host: host ?? '', hasBody };
}

/** @returns whether a request announces a body; an upgrade and `Expect: 100-continue` come before the head is inspected */
export function announcesBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function malformed(detail: string): never {
  throw new ProblemError('malformed_request', { detail, close: true });
}

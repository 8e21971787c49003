import { nominatedByConnection } from '../../common/http/header-owners.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { Exchange } from '../routing/exchange.js';

/** Divides a `Link` header, whose targets may contain commas. */
const NEXT_LINK = /,[ \t]*(?=<)/;

/**
 * Forwards an interim response (RFC 9110 section 15.2). Of its headers only `Link` is passed on: that is what Node sends in
 * a 103, and anything else belongs into the final response.
 */
export function forwardInterim({ req, res, route }: Exchange, status: number, headers: HeaderRecord): void {
  // They must not pile up for a client that does not read.
  if (req.httpVersion === '1.0' || res.headersSent || res.writableLength > 0) return;
  if (status === 102) res.writeProcessing();
  if (status !== 103 || headers['link'] === undefined) return;
  if (route?.responseHeaders?.removed.has('link')) return;
  if (nominatedByConnection(headers['connection']?.toString()).has('link')) return;
  try {
    res.writeEarlyHints({ link: [headers['link']].flat().flatMap((line) => line.split(NEXT_LINK)) });
  } catch {
    // Node refuses links that are not well-formed, and a hint may be left out.
  }
}

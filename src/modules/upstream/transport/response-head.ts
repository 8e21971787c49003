import type { HeaderRecord } from '../../../common/http/response-headers.js';
import { CallError } from './classify.js';

/**
 * Reads the framing of a response once and strictly.
 *
 * @returns the number of body bytes the head announces, if it does
 * @throws CallError `malformed_response` on a transfer coding other than exactly `chunked` (the parser reads
 *   `chunked<TAB>` as close-delimited, so that chunk framing would end up in the body), on a length beside
 *   it, or on a length that is no single number
 */
export function readFraming(headers: HeaderRecord): number | undefined {
  const coding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (coding !== undefined) {
    if (typeof coding !== 'string' || coding.toLowerCase() !== 'chunked') {
      throw malformed('transfer coding');
    }
    if (length !== undefined) throw malformed('length beside a transfer coding');
    return undefined;
  }
  if (length === undefined) return undefined;
  if (typeof length !== 'string' || !/^\d+$/.test(length)) throw malformed('length');
  return Number(length);
}

export function malformed(code: string): CallError {
  return new CallError('malformed_response', code);
}

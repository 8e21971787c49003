import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../common/clock.js';
import type { CacheHit, StoredResponse } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import type { CacheEntry } from './cache-entry.js';
import { ageOf } from './reuse.js';
import { ifRangeHolds, isNotModified, notModifiedHeaders } from './validation.js';

const EMPTY = new Uint8Array();

/**
 * Answers a request from a stored response: with the whole, a part, or 304 when the client has it already.
 *
 * @param status `Cache-Status`; by default that of a hit, with what is left of its lifetime
 * @param added more headers, names and values in turn
 */
export function hitWith(
  entry: CacheEntry,
  { req }: Pick<Exchange, 'req'>,
  clock: Clock,
  result: CacheHit['result'],
  status?: string,
  added?: readonly string[],
): CacheHit {
  const age = ageOf(entry, clock.now());
  return {
    kind: 'hit',
    result,
    status: status ?? `Breakwater; hit; ttl=${Math.floor((entry.lifetime - age) / 1000)}`,
    response: answerWith(entry, req, age, clock, added),
  };
}

/** @param age milliseconds */
function answerWith(
  entry: CacheEntry,
  { method, headers: asked }: Pick<IncomingMessage, 'method' | 'headers'>,
  age: number,
  clock: Clock,
  added: readonly string[] = [],
): StoredResponse {
  // RFC 9111 section 5.1; an age is never negative, whatever the clock of the upstream says.
  const ours = ['Age', String(Math.max(0, Math.floor(age / 1000))), ...added];
  const { status, headers, body } = entry;
  const whole = { status, headers, body, added: ours };
  // RFC 9110 section 13.2.1: conditions apply to successful answers only.
  if (status !== 200) return whole;
  if (isNotModified(asked, headers, clock.wall())) {
    return { status: 304, headers: notModifiedHeaders(headers), body: EMPTY, added: ours };
  }
  const { range, 'if-range': ifRange } = asked;
  // RFC 9110 section 14.2: a range applies to GET only.
  if (range === undefined || method !== 'GET' || !ifRangeHolds(ifRange?.toString(), headers)) return whole;
  return part(whole, range);
}

function part(whole: Required<StoredResponse>, field: string): StoredResponse {
  const { headers, body, added } = whole;
  const range = byteRange(field, body.length);
  if (range === undefined) return whole;
  if (range === 'unsatisfiable') {
    // RFC 9110 section 15.5.17.
    return { status: 416, headers: {}, body: EMPTY, added: ['Content-Range', `bytes */${body.length}`] };
  }
  const { first, last } = range;
  return {
    status: 206,
    headers,
    body: body.subarray(first, last + 1),
    added: [...added, 'Content-Range', `bytes ${first}-${last}/${body.length}`],
  };
}

/**
 * Parses a `Range` field with a single range of bytes (RFC 9110 section 14.1.2).
 *
 * @param length bytes of the whole
 * @returns the offsets of the first and the last byte; `undefined` when the whole is the right answer (another unit, several ranges, a syntax error);
 *   `'unsatisfiable'` when the response has no such byte
 */
export function byteRange(
  field: string,
  length: number,
): { first: number; last: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=[ \t]*(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))[ \t]*$/i.exec(field);
  if (!match) return undefined;
  const [, from, to, suffix] = match;
  if (suffix !== undefined) {
    const wanted = Number(suffix);
    if (wanted === 0 || length === 0) return 'unsatisfiable';
    return { first: Math.max(0, length - wanted), last: length - 1 };
  }
  const first = Number(from);
  const last = to === undefined ? length - 1 : Math.min(Number(to), length - 1);
  if (to !== undefined && Number(to) < first) return undefined;
  return first >= length ? 'unsatisfiable' : { first, last };
}

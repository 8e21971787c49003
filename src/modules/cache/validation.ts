import type { IncomingHttpHeaders } from 'node:http';
import { parseHttpDate } from '../../common/http/http-date.js';
import { isHopByHop, nominatedByConnection } from '../../common/http/header-owners.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';

/**
 * RFC 9111 section 4.3.1: the conditions that validate a stored response, names and values in turn. There are none for
 * a response without a validator.
 */
export function conditionsFor({ etag, 'last-modified': lastModified }: HeaderRecord): readonly string[] {
  const conditions: string[] = [];
  if (typeof etag === 'string') conditions.push('If-None-Match', etag);
  if (typeof lastModified === 'string') conditions.push('If-Modified-Since', lastModified);
  return conditions;
}

/**
 * Decides whether the client already has the stored response (RFC 9111 section 4.3.2).
 *
 * @param now milliseconds since the epoch
 */
export function isNotModified(conditions: IncomingHttpHeaders, headers: HeaderRecord, now: number): boolean {
  const noneMatch = conditions['if-none-match'];
  if (noneMatch !== undefined) {
    // RFC 9110 section 13.1.2: If-None-Match overrides If-Modified-Since.
    const { etag } = headers;
    if (noneMatch === '*') return true;
    const listed = noneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
    return typeof etag === 'string' && listed.some((each) => weaklyEqual(each, etag));
  }
  const since = parseHttpDate(conditions['if-modified-since'], now);
  if (since === undefined) return false;
  const modified = parseHttpDate(headers['last-modified'] ?? headers['date'], now);
  return modified !== undefined && modified <= since;
}

/**
 * Decides whether the part that the client has belongs to the stored response (RFC 9110 section 13.1.5). Only a strong
 * validator can tell.
 */
export function ifRangeHolds(ifRange: string | undefined, headers: HeaderRecord): boolean {
  if (ifRange === undefined) return true;
  const { etag, 'last-modified': lastModified, date } = headers;
  if (/^(?:W\/)?"/.test(ifRange)) return etag === ifRange && !ifRange.startsWith('W/');
  if (ifRange !== lastModified) return false;
  // RFC 9110 section 8.8.2.2: Last-Modified is strong when it is at least a second before Date.
  const [modified, answered] = [parseHttpDate(lastModified, 0), parseHttpDate(date, 0)];
  return modified !== undefined && answered !== undefined && answered - modified >= 1000;
}

/** Decides whether a 304 may select the stored response (RFC 9111 section 4.3.4). A strong tag has to be the same. */
export function selects(notModified: HeaderRecord, stored: HeaderRecord): boolean {
  const { etag, 'last-modified': modified } = notModified;
  const { etag: storedTag, 'last-modified': storedDate } = stored;
  if (typeof etag !== 'string') {
    return modified === undefined || storedDate === undefined || modified === storedDate;
  }
  if (!etag.startsWith('W/')) return etag === storedTag;
  return typeof storedTag === 'string' && weaklyEqual(etag, storedTag);
}

/**
 * Decides whether the answer to a HEAD describes the stored response (RFC 9111 section 4.3.5).
 *
 * @param length bytes of the stored body
 */
export function describes(head: HeaderRecord, stored: HeaderRecord, length: number): boolean {
  const { etag, 'last-modified': modified, 'content-length': announced } = head;
  return (
    (etag === undefined || etag === stored['etag']) &&
    (modified === undefined || modified === stored['last-modified']) &&
    (announced === undefined || Number(announced) === length)
  );
}

/** Fields that describe the stored body, which a 304 does not replace (section 3.2). `Content-Length` is framing. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-encoding', 'content-range']);

/**
 * RFC 9111 section 3.2: the fields of a newer head replace the stored ones.
 *
 * @param newer head of a 304, or of the answer to a HEAD
 * @param receivedAt milliseconds since the epoch, which become a missing `Date` (RFC 9110 section 6.6.1)
 */
export function mergeHeaders(stored: HeaderRecord, newer: HeaderRecord, receivedAt: number): HeaderRecord {
  const nominated = nominatedByConnection(newer['connection']?.toString());
  const merged: Record<string, string | string[] | undefined> = { ...stored };
  for (const name of Object.keys(newer)) {
    if (!OF_THE_BODY.has(name) && !isHopByHop(name) && !nominated.has(name)) merged[name] = newer[name];
  }
  if (newer['date'] === undefined) merged['date'] = new Date(receivedAt).toUTCString();
  return merged;
}

/** The stored fields that a 304 repeats (RFC 9110 section 15.4.5). */
const OF_A_304: ReadonlySet<string> = new Set([
  'cache-control',
  'cdn-cache-control',
  'content-location',
  'date',
  'etag',
  'expires',
  'last-modified',
  // It is never stored, but the 304 that has just confirmed the copy may contain one.
  'set-cookie',
  'vary',
]);

export function notModifiedHeaders(stored: HeaderRecord): HeaderRecord {
  return Object.fromEntries(Object.entries(stored).filter(([name]) => OF_A_304.has(name)));
}

/** RFC 9110 section 8.8.3.2. */
function weaklyEqual(a: string, b: string): boolean {
  return a.replace(/^W\//, '') === b.replace(/^W\//, '');
}

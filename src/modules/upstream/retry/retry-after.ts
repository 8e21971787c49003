import { parseHttpDate } from '../../../common/http/http-date.js';

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
 *
 * @param nowMs milliseconds since the epoch
 * @returns milliseconds from now, or `undefined` for what is neither
 */
export function retryAfterMs(field: string | undefined, nowMs: number): number | undefined {
  if (field === undefined) return undefined;
  if (/^\d+$/.test(field)) return Number(field) * 1000;
  const at = parseHttpDate(field, nowMs);
  return at === undefined ? undefined : Math.max(0, at - nowMs);
}

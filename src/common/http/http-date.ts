import type { HeaderRecord } from './response-headers.js';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** IMF-fixdate, and the obsolete forms of RFC 850 and of asctime. Case does not matter (RFC 9111 section 4.2). */
const FORMS = [
  /^[a-z]{3}, (?<day>\d{2}) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/i,
  /^[a-z]{6,9}, (?<day>\d{2})-(?<month>[a-z]{3})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/i,
  /^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/i,
];

/**
 * Reads a date in one of the three forms of RFC 9110 section 5.6.7; `Date.parse` accepts far more.
 *
 * @param field one that occurs several times is no date
 * @param now milliseconds since the epoch; it decides the century of a year of two digits
 * @returns milliseconds since the epoch, or `undefined` for anything but a date
 */
export function parseHttpDate(field: HeaderRecord[string], now: number): number | undefined {
  if (typeof field !== 'string') return undefined;
  for (const form of FORMS) {
    const parts = form.exec(field)?.groups;
    if (parts) return utc(parts, now);
  }
  return undefined;
}

function utc(parts: Readonly<Record<string, string>>, now: number): number | undefined {
  const { day, month = '', year = '', time = '' } = parts;
  const index = MONTHS.indexOf(month.toLowerCase());
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  if (index === -1 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const fullYear = year.length === 2 ? inCentury(Number(year), now) : Number(year);
  const at = Date.UTC(fullYear, index, Number(day), hours, minutes, seconds);
  return new Date(at).getUTCDate() === Number(day) || seconds === 60 ? at : undefined;
}

/** A year that seems more than 50 years ahead is the same one a century before (RFC 9110 section 5.6.7). */
function inCentury(year: number, now: number): number {
  const current = new Date(now).getUTCFullYear();
  const full = current - (current % 100) + year;
  return full > current + 50 ? full - 100 : full;
}

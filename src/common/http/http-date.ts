import type { HeaderRecord } from './response-headers.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** IMF-fixdate, and the obsolete forms of RFC 850 and of asctime. */
const FORMS = [
  /^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
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
  const index = MONTHS.indexOf(month);
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

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const IMF = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const RFC_850 = /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/**
 * Reads a date in one of the three forms of RFC 9110 section 5.6.7; `Date.parse` accepts far more.
 *
 * @param now milliseconds since the epoch; it decides the century of a year of two digits
 * @returns milliseconds since the epoch, or `undefined` for anything but a date
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const imf = IMF.exec(text);
  if (imf) return utc(imf[3], imf[2], imf[1], imf.slice(4));
  const rfc850 = RFC_850.exec(text);
  if (rfc850) return utc(String(century(Number(rfc850[3]), now)), rfc850[2], rfc850[1], rfc850.slice(4));
  const asctime = ASCTIME.exec(text);
  if (asctime) return utc(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6));
  return undefined;
}

/** A year that seems more than 50 years ahead is the same one a century before (RFC 9110 section 5.6.7). */
function century(year: number, now: number): number {
  const current = new Date(now).getUTCFullYear();
  const full = current - (current % 100) + year;
  return full > current + 50 ? full - 100 : full;
}

function utc(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  time: readonly string[],
): number | undefined {
  const index = MONTHS.indexOf(month ?? '');
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number);
  if (index === -1 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const at = Date.UTC(Number(year), index, Number(day), hours, minutes, seconds);
  return new Date(at).getUTCDate() === Number(day) || seconds === 60 ? at : undefined;
}

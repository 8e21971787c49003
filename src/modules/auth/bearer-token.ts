const SCHEME = 'bearer ';
const BLANK = 0x20;

/**
 * Reads the token of an `Authorization` field (RFC 6750 section 2.1); the scheme is not case-sensitive (RFC 9110
 * section 11.1). By hand: a regular expression over the whole token costs more than all that the guard does besides.
 *
 * @returns `undefined` when there is none
 */
export function bearerToken(field: string | undefined): string | undefined {
  if (field === undefined || field.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  let start = SCHEME.length;
  while (field.charCodeAt(start) === BLANK) start++;
  let end = field.length;
  while (end > start && field.charCodeAt(end - 1) === BLANK) end--;
  const token = field.slice(start, end);
  return token === '' || token.includes(' ') ? undefined : token;
}

/** Inclusive offsets. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads a `Range` for one range of bytes (RFC 9110 section 14.1.2).
 *
 * @param length bytes of the whole
 * @returns `undefined` when the whole is the right answer: another unit, several ranges, a mistake;
 *   `'unsatisfiable'` when no such byte is there
 */
export function byteRange(field: string, length: number): ByteRange | 'unsatisfiable' | undefined {
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

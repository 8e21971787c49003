const BYTES = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
type SizeUnit = keyof typeof BYTES;

/** The form that `parseSize` reads, for schemas and editors: `512B`, `16KiB`, `10MiB`, `1GiB`, or a bare `0`. */
export const SIZE_PATTERN = /^(?:0|(\d+)(B|KiB|MiB|GiB))$/;

/** The form in words, for messages. */
export const SIZE_FORMS = 'a size such as 512B, 16KiB, 10MiB or 1GiB';

/**
 * @returns bytes, or `undefined` when `text` is not a size. `KB` and `MB` are not accepted, since many people read them
 *   as powers of ten. Neither is a number without a unit, except `0`
 */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  if (!match) return undefined;
  const [, count = '0', unit = 'B'] = match;
  // The pattern allows only the units of the table.
  const bytes = Number(count) * BYTES[unit as SizeUnit];
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** @param bytes written in the largest unit that divides it: 16384 is `16KiB`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    if (bytes > 0 && bytes % BYTES[unit] === 0) return `${bytes / BYTES[unit]}${unit}`;
  }
  return `${bytes}B`;
}

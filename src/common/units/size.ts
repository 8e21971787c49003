const BYTES = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
type SizeUnit = keyof typeof BYTES;

/** What `parseSize` reads, for schemas and editors: `512B`, `16KiB`, `10MiB`, `1GiB`, or a bare `0`. */
export const SIZE_PATTERN = /^(?:0|(\d+)(B|KiB|MiB|GiB))$/;

/** How a message names what is allowed. */
export const SIZE_FORMS = 'a size such as 512B, 16KiB, 10MiB or 1GiB';

/**
 * @returns bytes, or `undefined` when `text` is no size. `KB` and `MB` are none: half the world
 * reads them as powers of ten. A number without a unit is none either, except `0`.
 */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  if (!match) return undefined;
  const [, count = '0', unit = 'B'] = match;
  // The pattern admits no unit but those of the table.
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

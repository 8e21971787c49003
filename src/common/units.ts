const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const BYTES = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/*
 * How values are written: as a pattern for schemas and editors, and in words for messages. A duration or a size of 0
 * needs no unit.
 */
export const DURATION = {
  pattern: /^(?:0|(\d+)(ms|s|m|h))$/,
  forms: 'a duration such as 250ms, 3s, 5m or 1h',
  parse: parseDuration,
};
export const SIZE = {
  pattern: /^(?:0|(\d+)(B|KiB|MiB|GiB))$/,
  forms: 'a size such as 512B, 16KiB, 10MiB or 1GiB',
  parse: parseSize,
};
export const RATIO = { pattern: /^(\d+(?:\.\d+)?)%$/, forms: 'a percentage such as 50%', parse: parseRatio };

/**
 * The longest delay of a Node timer. A longer one fires at once, so a timeout of `1000h` would end every request
 * immediately.
 */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * @returns milliseconds, or `undefined` when `text` is not a duration. A number without a unit is not one, except `0`:
 *   a reader cannot tell whether it means seconds or milliseconds
 */
export function parseDuration(text: string): number | undefined {
  return parse(text, DURATION.pattern, MILLISECONDS);
}

/** @param milliseconds written in the largest unit that divides it: 90000 is `90s`, 60000 `1m`. */
export function formatDuration(milliseconds: number): string {
  const divides = (unit: 'h' | 'm' | 's') => milliseconds > 0 && milliseconds % MILLISECONDS[unit] === 0;
  const unit = (['h', 'm', 's'] as const).find(divides) ?? 'ms';
  return `${milliseconds / MILLISECONDS[unit]}${unit}`;
}

/**
 * @returns bytes, or `undefined` when `text` is not a size. `KB` and `MB` are not accepted, since many people read them
 *   as powers of ten. Neither is a number without a unit, except `0`
 */
export function parseSize(text: string): number | undefined {
  return parse(text, SIZE.pattern, BYTES);
}

/** @param bytes written in the largest unit that divides it: 1048576 is `1MiB`, 1536 `1536B`. */
export function formatSize(bytes: number): string {
  const divides = (unit: 'KiB' | 'MiB' | 'GiB') => bytes > 0 && bytes % BYTES[unit] === 0;
  const unit = (['GiB', 'MiB', 'KiB'] as const).find(divides) ?? 'B';
  return `${bytes / BYTES[unit]}${unit}`;
}

/** @returns 0..1, or `undefined` when `text` is not a percentage between `0%` and `100%`. */
export function parseRatio(text: string): number | undefined {
  const ratio = Number(RATIO.pattern.exec(text)?.[1]) / 100;
  return ratio <= 1 ? ratio : undefined;
}

/** @param units the value of each unit that the pattern allows */
function parse(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, count = 0, unit = ''] = match;
  const value = Number(count) * (units[unit] ?? 1);
  return Number.isSafeInteger(value) ? value : undefined;
}

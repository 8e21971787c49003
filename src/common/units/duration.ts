const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
type DurationUnit = keyof typeof MILLISECONDS;

/** The form that `parseDuration` reads, for schemas and editors: `250ms`, `3s`, `5m`, `1h`, or a bare `0`. */
export const DURATION_PATTERN = /^(?:0|(\d+)(ms|s|m|h))$/;

/** The form in words, for messages. */
export const DURATION_FORMS = 'a duration such as 250ms, 3s, 5m or 1h';

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
  const match = DURATION_PATTERN.exec(text);
  if (!match) return undefined;
  const [, count = '0', unit = 'ms'] = match;
  // The pattern allows only the units of the table.
  const milliseconds = Number(count) * MILLISECONDS[unit as DurationUnit];
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/** @param milliseconds written in the largest unit that divides it: 90000 is `90s`, 60000 `1m`. */
export function formatDuration(milliseconds: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    if (milliseconds > 0 && milliseconds % MILLISECONDS[unit] === 0) {
      return `${milliseconds / MILLISECONDS[unit]}${unit}`;
    }
  }
  return `${milliseconds}ms`;
}

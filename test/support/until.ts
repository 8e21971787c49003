import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for a condition of the outside world, with a bound.
 *
 * @param within milliseconds; by default as long as a busy machine may need
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  within = 20_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + within;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`Not within ${within} ms: ${what}`);
    await sleep(20);
  }
}

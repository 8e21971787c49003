import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls until a condition holds, and fails after a time limit.
 *
 * @param within limit in milliseconds; the default allows for a busy machine
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

/** Keys come from clients: few enough, and short enough, to be kept for ever. */
const MAX_KEYS = 1_000;
const MAX_LENGTH = 64;

/**
 * Remembers what a function makes of a text, for texts of which there are few that come again and again. What is
 * new when the memory is full is computed each time.
 */
export function memoised<T>(compute: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const computed = compute(key);
    if (known.size < MAX_KEYS && key.length <= MAX_LENGTH) known.set(key, computed);
    return computed;
  };
}

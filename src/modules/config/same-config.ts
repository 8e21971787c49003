/**
 * Compares parts of two checked configurations. Their text is compared, because a key without a value means the same as
 * no key, and because both have their keys in the order of the schema.
 */
export function isSameConfig(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

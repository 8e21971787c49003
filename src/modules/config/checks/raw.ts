/*
 * Checks across sections read the file's plain values, not the schema's result: they must also
 * report what they can when something elsewhere is wrong and there is no result.
 */

/** The mapping that `value` is; an empty one when it is something else, which the schema reports. */
export function asMapping(value: unknown): Readonly<Record<string, unknown>> {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  // Plain values of a file: every object that is no array is a mapping with text keys.
  return isMapping ? (value as Record<string, unknown>) : {};
}

/** The list that `value` is; an empty one when it is something else, which the schema reports. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

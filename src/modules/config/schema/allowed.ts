import type { z } from 'zod';

const KINDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping from names to values',
  array: 'a list',
  string: 'text',
};

/** Between two keys in a list of known ones; no key has a blank in it. */
const SEPARATOR = ', ';

/** What would be allowed, for the issues whose schema does not say so itself: the error map of the whole parse. */
export function allowed(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'unrecognized_keys') return shapeOf(issue.inst).join(SEPARATOR);
  if (issue.code === 'invalid_value') {
    const values = issue.values.map((value) => `\`${String(value)}\``).join(SEPARATOR);
    return issue.values.length > 1 ? `one of ${values}` : values;
  }
  if (issue.code === 'invalid_type') {
    const kind = KINDS[issue.expected] ?? issue.expected;
    const keys = shapeOf(issue.inst);
    return keys.length > 0 ? `${kind} with keys such as ${keys.slice(0, 3).join(SEPARATOR)}` : kind;
  }
  return 'another value';
}

/** The keys that `allowed` named in its message for an unknown key. */
export function knownKeys(message: string): string[] {
  return message.split(SEPARATOR);
}

function shapeOf(schema: z.core.$ZodRawIssue['inst']): string[] {
  const definition: object | undefined = schema?._zod.def;
  if (!definition || !('shape' in definition)) return [];
  // Only object schemas have a shape, and it is always an object.
  return Object.keys(definition.shape as object);
}

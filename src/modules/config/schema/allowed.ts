import type { z } from 'zod';

/** Of values; a list of mappings names their keys. */
export const A_LIST = 'a list';

const KINDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping from names to values',
  array: A_LIST,
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
    if (keys.length === 0) return kind;
    return `${kind}${issue.expected === 'array' ? ' of mappings' : ''} with keys such as ${keys.slice(0, 3).join(SEPARATOR)}`;
  }
  return 'another value';
}

/** The keys that `allowed` named in its message for an unknown key. */
export function knownKeys(message: string): string[] {
  return message.split(SEPARATOR);
}

/** The keys of a mapping, or of each mapping in a list. */
function shapeOf(schema: z.core.$ZodRawIssue['inst']): string[] {
  const definition: object | undefined = schema?._zod.def;
  if (!definition) return [];
  // Only object schemas have a shape, and it is always an object; only lists have an element, a schema.
  if ('shape' in definition) return Object.keys(definition.shape as object);
  return 'element' in definition ? shapeOf(definition.element as z.core.$ZodType) : [];
}

import { z } from 'zod';

/*
 * In every schema of this folder, the message of an issue is what is allowed ("a port from 0 to
 * 65535"); `validate.ts` puts "found ..., expected" before it.
 */

/** A whole number, also as text: a substituted scalar such as `"${PORT:-8080}"` is always text. */
export function integer(least: number, most: number, expected = `a whole number from ${least} to ${most}`) {
  const number = z.int(expected).min(least, expected).max(most, expected);
  const digits = z.string().regex(/^\d{1,15}$/, expected);
  return z.union([number, digits.transform(Number).pipe(number)], expected);
}

/** How many of something; at least one. */
export function count() {
  return integer(1, 1_000_000, 'a whole number from 1 to 1000000');
}

export function port() {
  return integer(0, 65_535, 'a port from 0 to 65535');
}

/** `true` or `false`, also as text, for the same reason as in `integer`. */
export function boolean() {
  const expected = 'true or false';
  const text = z.enum(['true', 'false'], expected).transform((written) => written === 'true');
  return z.union([z.boolean(expected), text], expected);
}

/** Text that is not empty. YAML reads an unquoted `1` or `true` as something else, hence the hint. */
export function text(expected: string) {
  const message = `${expected} (text; a number or true/false needs quotes)`;
  return z.string(message).min(1, message);
}

/** Ids name upstreams, providers and routes in metrics, logs and URLs; hence the plain characters. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
export const ID_FORM = 'an id of letters, digits, ".", "_" and "-" that starts with a letter or a digit';

export function id() {
  return z.string(ID_FORM).regex(ID_PATTERN, ID_FORM);
}

/**
 * A mapping from ids to `value`. The ids themselves are checked in `checks/ids.ts`: zod would not
 * look at the value under a bad one, and so not report all that is wrong.
 */
export function byId<T extends z.ZodType>(value: T) {
  const key = z.string().meta({ pattern: ID_PATTERN.source });
  return z.record(key, value).transform(withoutPrototype);
}

/** So that looking up `constructor` in it finds nothing unless somebody wrote that. */
export function withoutPrototype<T>(record: Record<string, T>): Record<string, T> {
  return Object.assign(Object.create(null), record);
}

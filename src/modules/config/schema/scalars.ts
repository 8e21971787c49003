import { prefault, z } from 'zod';
import { DURATION, LONGEST_TIMER_MS, RATIO, SIZE } from '../../../common/units.js';

/*
 * In every schema of this folder, the message of an issue says what is allowed ("a port from 0 to 65535");
 * `validate.ts` puts "found ..., expected" before it.
 */

/** A whole number, also as text, because a substituted scalar such as `"${PORT:-8080}"` is always text. */
export function integer(least: number, most: number, expected = `a whole number from ${least} to ${most}`) {
  const number = z.int(expected).min(least, expected).max(most, expected);
  const digits = z.string().regex(/^\d{1,15}$/, expected);
  return z.union([number, digits.transform(Number).pipe(number)], expected);
}

/** A function that makes schemas of one form. With a default, it makes the key optional. */
function scalar<S extends z.ZodType>(schema: () => S) {
  const make = (byDefault?: z.input<S>) =>
    byDefault === undefined ? schema() : prefault(schema(), byDefault);
  return make as { (): S; (byDefault: z.input<S>): z.ZodPrefault<S> };
}

/** A number of things; at least one. */
export const count = scalar(() => integer(1, 1_000_000));

/** A number of things, where zero has a meaning: none, or no limit. */
export const countOrZero = scalar(() => integer(0, 1_000_000));

export const port = scalar(() => integer(0, 65_535, 'a port from 0 to 65535'));

/** `true` or `false`, also as text, for the same reason as in `integer`. */
export const boolean = scalar(() => {
  const expected = 'true or false';
  const text = z.enum(['true', 'false'], expected).transform((written) => written === 'true');
  return z.union([z.boolean(expected), text], expected);
});

/** Text that is not empty. YAML reads an unquoted `1` or `true` as something else, hence the hint. */
export function text(expected: string) {
  const message = `${expected} (text; a number or true/false needs quotes)`;
  return z.string(message).min(1, message);
}

/**
 * Text of a certain form.
 * @param form without flags, which the JSON Schema would lose
 */
export function textLike(form: RegExp, expected: string) {
  // Aborts, so that later checks of the same text do not report it again.
  return z.string(expected).regex(form, { error: expected, abort: true });
}

/** One value, or a list of them, as a list. */
export function oneOrMore<T extends z.ZodType>(value: T, expected: string) {
  return z.union([value.transform((one) => [one]), z.array(value).min(1, expected)], expected);
}

/** Any value that JSON has. YAML has more numbers. */
export function jsonValue() {
  return z.unknown().refine(isJson, 'a value of JSON, which has no .nan and no .inf');
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isJson);
}

/** A list that is empty unless it is written, or unless there is another default. */
export function list<T extends z.ZodType>(item: T, byDefault: z.input<T>[] = []) {
  return prefault(z.array(item), byDefault);
}

/** Ids name upstreams, providers and routes in metrics, logs and URLs, hence the plain characters. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
export const ID_FORM = 'an id of letters, digits, ".", "_" and "-" that starts with a letter or a digit';

export function id() {
  return textLike(ID_PATTERN, ID_FORM);
}

export function upstreamId() {
  return text('the id of an upstream');
}

/**
 * A mapping from ids to `value`. The ids themselves are checked in `checks/references.ts`: zod does not look at
 * the value under a bad key, and would not report everything that is wrong.
 */
export function byId<T extends z.ZodType>(value: T) {
  const key = z.string().meta({ pattern: ID_PATTERN.source });
  return z.record(key, value).transform(withoutPrototype);
}

/** Removes the prototype, so that looking up `constructor` finds nothing unless the user wrote that key. */
export function withoutPrototype<T>(record: Record<string, T>): Record<string, T> {
  return Object.assign(Object.create(null), record);
}

/** Half of what a timer can hold: jitter is added to some durations, and others are added up. */
const LONGEST_MS = LONGEST_TIMER_MS / 2;

/** A duration above zero, in milliseconds. For timeouts and periods: Node takes a zero for "never". */
export const positiveDuration = scalar(() =>
  withUnit(aboveZero(DURATION), ' (above 0, at most 298h)', (ms) => ms > 0 && ms <= LONGEST_MS),
);

/** A duration in milliseconds, where zero has a meaning: no delay, no tolerance. */
export const duration = scalar(() => withUnit(DURATION, ' (at most 298h)', (ms) => ms <= LONGEST_MS));

/** A size above zero, in bytes. */
export const positiveSize = scalar(() => withUnit(aboveZero(SIZE), ' (above 0)', (bytes) => bytes > 0));

/** A size in bytes, where zero has a meaning: nothing at all. */
export const size = scalar(() => withUnit(SIZE, '', () => true));

/** A percentage above 0% and at most 100%, as 0..1. */
export const positiveRatio = scalar(() => withUnit(RATIO, ' (above 0%, at most 100%)', (ratio) => ratio > 0));

/** A percentage from 0% to 100%, as 0..1. */
export const ratio = scalar(() => withUnit(RATIO, ' (at most 100%)', () => true));

/** The same unit without its forms of zero, so that an editor refuses them too. */
function aboveZero(unit: typeof DURATION): typeof DURATION {
  return { ...unit, pattern: new RegExp(unit.pattern.source.replace('0|(\\d+)', '0*([1-9]\\d*)')) };
}

/**
 * Text with a unit, or a bare 0, which needs none.
 * @param limits what follows the forms in a message
 */
function withUnit(
  { pattern, forms, parse }: typeof DURATION,
  limits: string,
  fits: (value: number) => boolean,
) {
  const expected = forms + limits;
  const text = z.string(expected).regex(pattern, { error: expected, abort: true });
  const orZero = pattern.test('0') ? z.union([text, z.literal(0)], expected) : text;
  return orZero.transform((written, context) => {
    const value = parse(String(written));
    if (value !== undefined && fits(value)) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

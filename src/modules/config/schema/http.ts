import { z } from 'zod';
import { textLike, withoutPrototype } from './scalars.js';

/** RFC 9110 section 5.6.2. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 section 5.5: visible characters with blanks between them; above all no CR, LF or NUL. */
export const FIELD_VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** CONNECT would turn the gateway into a tunnel; TRACE and TRACK echo credentials to scripts. */
const REFUSED_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);

export function method() {
  const expected = 'an HTTP method such as GET or POST (CONNECT, TRACE and TRACK are never forwarded)';
  return textLike(TOKEN, expected)
    .transform((written) => written.toUpperCase())
    .refine((method) => !REFUSED_METHODS.has(method), expected);
}

const HEADER_NAME_FORM = 'a header name such as x-api-version';

const OWN_HEADER_FORM = 'a header that the gateway does not set itself';

/** A header name, lower-cased. */
export function headerName(isRefused: (name: string) => boolean = () => false) {
  return textLike(TOKEN, HEADER_NAME_FORM)
    .transform((written) => written.toLowerCase())
    .refine((name) => !isRefused(name), OWN_HEADER_FORM);
}

/** One of some words, or `header:NAME`, lower-cased. */
export function wordOrHeader<const T extends string>(...words: readonly T[]) {
  const form = new RegExp(`^(?:${words.join('|')}|header:${TOKEN.source.slice(1, -1)})$`);
  return (
    z
      .string()
      .regex(form, `${words.join(', ')} or header:NAME`)
      // The pattern admits nothing else.
      .transform((text) => text.toLowerCase() as T | `header:${string}`)
  );
}

const TYPE_NAME = '[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*';

/** A media type without parameters, or all subtypes of a type, lower-cased (RFC 6838 section 4.2). */
export function mediaRange() {
  const form = new RegExp(`^${TYPE_NAME}/(?:\\*|${TYPE_NAME})$`);
  return textLike(form, 'a media type such as application/json or image/*').transform((written) =>
    written.toLowerCase(),
  );
}

/** Header names, lower-cased, with their exact values. */
export function headers(isRefused: (name: string) => boolean = () => false) {
  const name = textLike(TOKEN, HEADER_NAME_FORM).refine(
    (name) => !isRefused(name.toLowerCase()),
    OWN_HEADER_FORM,
  );
  const expected = 'a header value: text without line breaks (a number or true/false needs quotes)';
  return z.record(name, textLike(FIELD_VALUE, expected)).transform((written, context) => {
    const byName = new Map<string, string>();
    for (const [name, value] of Object.entries(written)) {
      const key = name.toLowerCase();
      if (byName.has(key)) {
        const message = 'each header once, in whatever case';
        // `validate.ts` reports an issue with `params.key` at the key instead of the value.
        context.addIssue({ code: 'custom', path: [name], params: { key: true }, message });
      }
      byName.set(key, value);
    }
    return withoutPrototype(Object.fromEntries(byName));
  });
}

/** `200`, `"200"` or `200-299`, as an inclusive range. */
export function statusRange() {
  const expected = 'a status such as 200, or a range such as 200-299, within 100 to 599';
  return z
    .union([z.int(expected), z.string().regex(/^\d{3}(?:-\d{3})?$/, expected)], expected)
    .transform((written, context): [from: number, to: number] => {
      const [from = 0, to = from] = String(written).split('-').map(Number);
      if (from < 100 || to > 599 || from > to) context.addIssue({ code: 'custom', message: expected });
      return [from, to];
    });
}

/** Statuses and ranges of them, resolved into single statuses. */
export function statuses() {
  return z
    .array(statusRange())
    .transform((ranges) =>
      ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
    );
}

/** Whether everything that is percent-encoded in the text is UTF-8. */
export function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

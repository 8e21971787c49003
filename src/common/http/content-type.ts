/** RFC 9110 section 8.3.1: a type and its parameters. More than one, as lax servers take them, is none. */
const MEDIA_TYPE =
  /^([!#$%&'*+.^_`|~0-9a-z-]+)\/([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;(?:[^",]|"(?:[^"\\]|\\.)*")*)?$/i;

/**
 * Compiles a list of media types.
 *
 * @param ranges lower-cased, such as `application/json` or `image/*`
 * @returns whether the value of a `Content-Type` field is among them
 */
export function contentTypeMatcher(ranges: readonly string[]): (field: string) => boolean {
  const accepted = new Set(ranges);
  return (field) => {
    const [, type = '', subtype = ''] = MEDIA_TYPE.exec(field.toLowerCase()) ?? [];
    return type !== '' && (accepted.has(`${type}/${subtype}`) || accepted.has(`${type}/*`));
  };
}

/** Directives by lower-cased name; a directive without an argument is `true`. */
export type CacheControl = ReadonlyMap<string, string | true>;

const EMPTY: CacheControl = new Map();
/** A quoted string inside an argument belongs to it, and nothing in it is a directive. */
const DIRECTIVE =
  /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s",]*(?:"(?:[^"\\]|\\.)*"[^\s",]*)*)))?/g;

/** What precedes a quoted string that never ends. To search for its end again and again would take quadratic time. */
const BEFORE_OPEN_QUOTE = /^(?:[^"]|"(?:[^"\\]|\\.)*")*/;

/** Parses a `Cache-Control` field (RFC 9111 section 5.2). The first occurrence of a directive counts. */
export function parseCacheControl(field: string | readonly string[] | undefined): CacheControl {
  if (field === undefined || field.length === 0) return EMPTY;
  const directives = new Map<string, string | true>();
  for (const [, name = '', quoted, token] of withoutOpenQuote(String(field)).matchAll(DIRECTIVE)) {
    const key = name.toLowerCase();
    if (!directives.has(key)) directives.set(key, quoted ?? token ?? true);
  }
  return directives;
}

function withoutOpenQuote(field: string): string {
  if (!field.includes('"')) return field;
  const [closed = ''] = BEFORE_OPEN_QUOTE.exec(field) ?? [];
  return closed + field.slice(closed.length).replaceAll('"', ' ');
}

/**
 * @returns the argument in seconds; `0` if it is not a number, since RFC 9111 section 4.2.1 considers such a response
 *   stale; `undefined` without the directive
 */
export function deltaSeconds(directives: CacheControl, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  return typeof value === 'string' && /^\d+$/.test(value) ? Math.min(Number(value), 2 ** 31) : 0;
}

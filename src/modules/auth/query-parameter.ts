/**
 * @param query raw, with its `?`, or empty
 * @returns the value; `undefined` if the parameter is not there; several of one name are joined, so that they are no
 *   valid value
 */
export function parameterOf(query: string, name: string): string | undefined {
  const values = partsOf(query)
    .filter((part) => nameOf(part) === name)
    .map((part) => decode(part.slice(part.indexOf('=') + 1 || part.length)));
  return values.length === 0 ? undefined : values.join(',');
}

/** @returns the query without parameters of these names, and the rest as it was written */
export function withoutParameters(query: string, names: ReadonlySet<string>): string {
  const parts = partsOf(query);
  const kept = parts.filter((part) => !names.has(nameOf(part)));
  if (kept.length === parts.length) return query;
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

function partsOf(query: string): string[] {
  return query.slice(1).split('&');
}

function nameOf(part: string): string {
  const end = part.indexOf('=');
  return decode(end === -1 ? part : part.slice(0, end));
}

/** As forms are decoded; most texts are as they are. */
function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  return new URLSearchParams(`text=${text}`).get('text') ?? '';
}

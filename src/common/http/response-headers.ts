import { isHopByHop, nominatedByConnection } from './hop-by-hop.js';

export type HeaderRecord = Readonly<Record<string, string | string[] | undefined>>;

/** A header of our own that gives way to the upstream's. */
export interface DefaultHeader {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
}

/**
 * Builds the head a client receives from an upstream's: hop-by-hop fields, what `Connection` names and
 * framing are left out, and each default is added where the upstream did not decide for itself.
 *
 * @param upstream lower-cased names
 * @param dropped lower-cased names that are never passed on
 * @returns names and values in turn; no framing field
 */
export function clientResponseHeaders(
  upstream: HeaderRecord,
  defaults: readonly DefaultHeader[],
  dropped: ReadonlySet<string>,
): string[] {
  const connection = upstream['connection'];
  const nominated = nominatedByConnection(Array.isArray(connection) ? connection.join(',') : connection);
  const headers: string[] = [];
  for (const name of Object.keys(upstream)) {
    if (isHopByHop(name) || dropped.has(name) || nominated.has(name)) continue;
    const value = upstream[name];
    if (typeof value === 'string') headers.push(name, value);
    else if (value !== undefined) for (const each of value) headers.push(name, each);
  }
  for (const { name, value } of defaults) {
    if (upstream[name] === undefined || nominated.has(name)) headers.push(name, value);
  }
  return headers;
}

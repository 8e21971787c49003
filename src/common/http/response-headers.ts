import { HOP_BY_HOP, nominatedByConnection } from './hop-by-hop.js';

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
 */
export class ClientHeaders {
  /** What becomes of a field, if it does not just pass. One look-up for each is all that most heads cost. */
  private readonly fates = new Map<string, 'default' | 'dropped'>();

  /** @param dropped lower-cased names that are never passed on */
  constructor(
    private readonly defaults: readonly DefaultHeader[],
    dropped: Iterable<string>,
  ) {
    for (const { name } of defaults) this.fates.set(name, 'default');
    for (const name of [...HOP_BY_HOP, ...dropped]) this.fates.set(name, 'dropped');
  }

  /**
   * @param upstream lower-cased names
   * @returns names and values in turn, for the caller to add to; no framing field
   */
  from(upstream: HeaderRecord): string[] {
    const connection = upstream['connection'];
    const nominated = nominatedByConnection(Array.isArray(connection) ? connection.join(',') : connection);
    const headers: string[] = [];
    let decided: string[] | undefined;
    for (const name of Object.keys(upstream)) {
      const fate = this.fates.get(name);
      if (fate === 'dropped' || nominated.has(name)) continue;
      if (fate === 'default') (decided ??= []).push(name);
      const value = upstream[name];
      if (typeof value === 'string') headers.push(name, value);
      else if (value !== undefined) for (const each of value) headers.push(name, each);
    }
    for (const { name, value } of decided ? this.without(decided) : this.defaults) headers.push(name, value);
    return headers;
  }

  private without(decided: readonly string[]): readonly DefaultHeader[] {
    return this.defaults.filter(({ name }) => !decided.includes(name));
  }
}

/** The headers that an operator sets and removes. Names are lower-cased. */
export interface HeaderRulesConfig {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

export interface HeaderRules {
  /** Lower-cased names of the headers to remove, and of those to replace. */
  readonly removed: ReadonlySet<string>;
  /** Names and values in turn. */
  readonly set: readonly string[];
}

/** @returns `undefined` when there is nothing to do */
export function compileHeaderRules({ set, remove }: HeaderRulesConfig): HeaderRules | undefined {
  const names = Object.keys(set);
  if (names.length === 0 && remove.length === 0) return undefined;
  return { removed: new Set([...names, ...remove]), set: Object.entries(set).flat() };
}

/**
 * @param headers names and values in turn
 * @returns the same without the removed headers, in any case, and with the set ones
 */
export function applyHeaderRules(headers: readonly string[], { removed, set }: HeaderRules): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!removed.has(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '');
  }
  for (const part of set) kept.push(part);
  return kept;
}

import { type Claims, claimPath, headerValue } from '../claim-path.js';

/** The headers that an operator sets and removes. Names are lower-cased. */
export interface HeaderRulesConfig {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** @returns the value of a header for a request; `undefined` when something that it is made of is missing */
type Template = (path: string, claims: Claims | undefined) => string | undefined;

export interface HeaderRules {
  /** Lower-cased names of the headers to remove, and of those to replace. */
  readonly removed: ReadonlySet<string>;
  /** Names and values in turn. */
  readonly set: readonly string[];
  /** Headers whose value depends on the request. */
  readonly templates: readonly (readonly [name: string, valueFor: Template])[];
}

/** `{claim:realm_access.roles}` or `{id}`. Other braces, as those of JSON, are text. */
const PLACEHOLDER = /\{(?:claim:([^{}]+)|([A-Za-z_]\w*))\}/g;

/** @returns the parameters of the path in a value, and whether it has claims */
export function placeholdersOf(value: string): {
  readonly parameters: string[];
  readonly hasClaims: boolean;
} {
  const found = [...value.matchAll(PLACEHOLDER)];
  return {
    parameters: found.flatMap(([, , parameter]) => parameter ?? []),
    hasClaims: found.some(([, claim]) => claim !== undefined),
  };
}

/**
 * @param pattern path pattern of the route, which has the parameters in the values
 * @returns `undefined` when there is nothing to do
 */
export function compileHeaderRules(
  { set, remove }: HeaderRulesConfig,
  pattern: string,
): HeaderRules | undefined {
  const names = Object.keys(set);
  if (names.length === 0 && remove.length === 0) return undefined;
  const entries = Object.entries(set);
  return {
    removed: new Set([...names, ...remove]),
    set: entries.filter((entry) => !isTemplate(entry)).flat(),
    templates: entries.filter(isTemplate).map(([name, value]) => [name, compileTemplate(value, pattern)]),
  };
}

function isTemplate([, value]: readonly [string, string]): boolean {
  return value.search(PLACEHOLDER) !== -1;
}

function compileTemplate(value: string, pattern: string): Template {
  const parts: Template[] = [];
  let end = 0;
  for (const { 0: placeholder, 1: claim, 2: parameter = '', index } of value.matchAll(PLACEHOLDER)) {
    const text = value.slice(end, index);
    if (text !== '') parts.push(() => text);
    parts.push(claim === undefined ? parameterOf(parameter, pattern) : valueOfClaim(claim));
    end = index + placeholder.length;
  }
  const last = value.slice(end);
  return (path, claims) => {
    let filled = '';
    for (const part of parts) {
      const text = part(path, claims);
      if (text === undefined) return undefined;
      filled += text;
    }
    return filled + last;
  };
}

/** The segment is not decoded, so that it cannot contain what a header must not. */
function parameterOf(name: string, pattern: string): Template {
  const segments = pattern.split('/');
  const index = segments.indexOf(`{${name}}`);
  if (index !== -1) return (path) => path.split('/')[index];
  // `{rest}` is what `/**` matched.
  return (path) =>
    path
      .split('/')
      .slice(segments.length - 1)
      .join('/');
}

function valueOfClaim(name: string): Template {
  const claim = claimPath(name);
  return (_, claims) => (claims === undefined ? undefined : headerValue(claim(claims)));
}

/** @returns the value of each header that depends on the request, by its lower-cased name; `null` for those that are not sent */
export function filledTemplates(
  { templates }: HeaderRules,
  path: string,
  claims: Claims | undefined,
): ReadonlyMap<string, string | null> | undefined {
  if (templates.length === 0) return undefined;
  return new Map(templates.map(([name, valueFor]) => [name, valueFor(path, claims) ?? null]));
}

/**
 * @param headers names and values in turn
 * @param path of the request, as it was matched
 * @returns the same without the removed headers, in any case, and with the set ones
 */
export function applyHeaderRules(
  headers: readonly string[],
  { removed, set, templates }: HeaderRules,
  path: string,
  claims: Claims | undefined,
): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!removed.has(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '');
  }
  for (const part of set) kept.push(part);
  for (const [name, valueFor] of templates) {
    const value = valueFor(path, claims);
    if (value !== undefined) kept.push(name, value);
  }
  return kept;
}

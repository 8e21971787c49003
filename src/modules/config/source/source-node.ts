import { inspect } from 'node:util';
import type { ConfigPath, Position } from '../problem.js';
import { isPem, mayBeSecret, withoutCredentials } from './secret-names.js';

/** A value of the file with its position. */
export interface SourceNode {
  /** Where the value was written. After `defaults` are merged in, it can be used at another path. */
  readonly path: ConfigPath;
  /** The position of its key; a list item and the root have none. */
  readonly key?: Position;
  readonly at: Position;
  /**
   * The value for the schema, without positions. It is `undefined` when it could not be read, for example because
   * its variable is missing. That is already reported, and nothing else should be.
   */
  readonly value: unknown;
  /** The text before substitution. Only this form is ever shown, because the value can be a secret. */
  readonly substitutedFrom?: string;
  /** The values of a mapping by key, or those of a list by index. */
  readonly children?: ReadonlyMap<string | number, SourceNode>;
}

export interface MappingNode extends SourceNode {
  readonly children: ReadonlyMap<string, SourceNode>;
}

export function isMapping(node: SourceNode | undefined): node is MappingNode {
  return node?.children !== undefined && !Array.isArray(node.value);
}

/** Where a value is. */
export type Place = Pick<SourceNode, 'path' | 'key' | 'at'>;

export function listOf(place: Place, items: readonly SourceNode[]): SourceNode {
  return { ...place, value: items.map(({ value }) => value), children: new Map(items.entries()) };
}

/** A mapping with these entries. It gets no prototype, so that a key like `constructor` is just a key. */
export function mappingOf(place: Place, children: ReadonlyMap<string, SourceNode>): MappingNode {
  const value: Record<string, unknown> = Object.create(null);
  for (const [key, child] of children) value[key] = child.value;
  return { ...place, value, children };
}

/**
 * Builds the tree of data that no file contains, such as options in code, so that its problems read like those of a file.
 * Text is taken as it is: a `${` in it is no reference.
 *
 * @returns a tree whose positions only keep the order of the data
 */
export function nodeOf(data: unknown): SourceNode {
  let count = 0;
  const build = (value: unknown, path: ConfigPath): SourceNode => {
    const at = { line: 1, column: ++count };
    if (typeof value !== 'object' || value === null) return { path, at, value };
    if (Array.isArray(value)) {
      const items = value.map((item: unknown, index) => build(item ?? null, [...path, index]));
      return listOf({ path, at }, items);
    }
    // A key whose value is undefined is the same as no key.
    const written = Object.entries(value).filter(([, child]) => child !== undefined);
    const children = new Map(written.map(([key, child]) => [key, build(child, [...path, key])]));
    return mappingOf({ path, at }, children);
  };
  return build(data, []);
}

const LONGEST_SHOWN = 60;
/** Keys that a variable with a secret is easily written at. */
const NEAR_SECRETS: readonly unknown[] = ['publicKey', 'ca', 'cert', 'hash', 'username'];
/** References to what can be a secret, by the name of the variable or because it comes from a file. */
const SECRET_REFERENCE =
  /\$\{(?:file:|\w*(?:secret|passw|pwd|token|key|credential|auth|private|cert|salt|session|cookie))/i;

/** Whether a value must not be shown: a secret, a key, or what was substituted from a place for secrets. */
export function isSecret({ path, value, substitutedFrom }: SourceNode): boolean {
  if (typeof value === 'boolean') return false;
  if (mayBeSecret(path) || isPem(value)) return true;
  return (
    substitutedFrom !== undefined &&
    (NEAR_SECRETS.includes(path.at(-1)) || SECRET_REFERENCE.test(substitutedFrom))
  );
}

/**
 * Describes a value in words, for a message, without revealing a secret or the credentials in a URL. A substituted
 * value is shown together with the reference, since either can be what is wrong.
 */
export function describeFound(node: SourceNode): string {
  const { value, substitutedFrom, children } = node;
  if (children) return Array.isArray(value) ? 'a list' : 'a mapping';
  // A default in a reference can be a secret, too.
  if (substitutedFrom !== undefined && isSecret(node))
    return quote(substitutedFrom.replaceAll(/:-[^{}]*/g, ':-***'));
  if (value === null || value === undefined) return 'nothing';
  if (isSecret(node)) return isPem(value) ? 'PEM text' : 'a value that is not shown';
  if (typeof value !== 'string') return inspect(value);
  const shown = quote(withoutCredentials(value));
  return substitutedFrom === undefined ? shown : `${shown} from ${quote(substitutedFrom)}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}

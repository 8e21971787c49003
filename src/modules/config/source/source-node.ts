import { inspect } from 'node:util';
import type { ConfigPath, Position } from '../problem.js';

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

/** A mapping with these entries. It gets no prototype, so that a key like `constructor` is just a key. */
export function mappingOf(
  place: Pick<SourceNode, 'path' | 'key' | 'at'>,
  children: ReadonlyMap<string, SourceNode>,
): MappingNode {
  const value: Record<string, unknown> = Object.create(null);
  for (const [key, child] of children) value[key] = child.value;
  return { ...place, value, children };
}

const LONGEST_SHOWN = 60;
/** Keys whose values must not be readable in a log. */
const SECRETS: readonly unknown[] = ['secret', 'clientSecret', 'password', 'token'];

/**
 * Describes a value in words, for a message, without revealing a secret: a substituted scalar is shown as it was
 * written, and a literal secret, a key or the password in a URL is not shown at all.
 */
export function describeFound({ path, value, substitutedFrom, children }: SourceNode): string {
  if (children) return Array.isArray(value) ? 'a list' : 'a mapping';
  if (substitutedFrom !== undefined) return quote(substitutedFrom);
  if (value === null || value === undefined) return 'nothing';
  if (SECRETS.includes(path.at(-1))) return 'a value that is not shown';
  if (typeof value !== 'string') return inspect(value);
  return value.includes('-----BEGIN') ? 'PEM text' : quote(value.replace(/\/\/[^/\s]*@/, '//***@'));
}

function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}

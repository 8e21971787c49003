import type { ConfigPath } from '../problem.js';

/** Line and column, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

interface Written {
  /** Where the value was written. After `defaults` are merged in, it can be used at another path. */
  readonly path: ConfigPath;
  /** The position of its key; a list item and the root have none. */
  readonly key?: Position;
  readonly at: Position;
}

export interface MappingNode extends Written {
  readonly kind: 'mapping';
  readonly entries: ReadonlyMap<string, SourceNode>;
}

export interface ListNode extends Written {
  readonly kind: 'list';
  readonly items: readonly SourceNode[];
}

export interface ScalarNode extends Written {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** The text before substitution. Only this form is ever shown, because the value can be a secret. */
  readonly substitutedFrom?: string;
}

/** A value that could not be read, for example because its variable is missing. That is already reported, and nothing else should be. */
export interface UnreadableNode extends Written {
  readonly kind: 'unreadable';
}

/** The file as a tree of values with their positions. */
export type SourceNode = MappingNode | ListNode | ScalarNode | UnreadableNode;

/** The child of `node` at one step of a path, if it exists. */
export function childOf(node: SourceNode, step: string | number): SourceNode | undefined {
  if (node.kind === 'mapping') return node.entries.get(String(step));
  if (node.kind === 'list') return node.items[Number(step)];
  return undefined;
}

/** Plain values for the schema. Mappings get no prototype, so that a key like `constructor` is just a key. */
export function toPlain(node: SourceNode): unknown {
  switch (node.kind) {
    case 'mapping': {
      const plain: Record<string, unknown> = Object.create(null);
      for (const [key, child] of node.entries) plain[key] = toPlain(child);
      return plain;
    }
    case 'list':
      return node.items.map(toPlain);
    case 'scalar':
      return node.value;
    case 'unreadable':
      return undefined;
    default:
      return node satisfies never;
  }
}

const LONGEST_SHOWN = 60;
/** Keys whose values must not be readable in a log. */
const SECRETS: ReadonlySet<string | number | undefined> = new Set([
  'secret',
  'clientSecret',
  'password',
  'token',
]);

/**
 * Describes a value in words, for a message, without revealing a secret: a substituted scalar is shown as it was
 * written, and a literal secret, a key or the password in a URL is not shown at all.
 */
export function describeFound(node: SourceNode | undefined): string {
  if (!node || node.kind === 'unreadable') return 'nothing';
  if (node.kind === 'mapping') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.substitutedFrom !== undefined) return quote(node.substitutedFrom);
  if (node.value === null) return 'nothing';
  if (SECRETS.has(node.path.at(-1))) return 'a value that is not shown';
  return typeof node.value === 'string' ? describeText(node.value) : String(node.value);
}

function describeText(text: string): string {
  if (text.includes('-----BEGIN')) return 'PEM text';
  return quote(text.replace(/\/\/[^/\s]*@/, '//***@'));
}

function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}

import type { ConfigPath } from '../config-path.js';

/** Line and column, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

interface Written {
  /** Where it was written. After `defaults` are merged in, that is not always where it is used. */
  readonly path: ConfigPath;
  /** The key it was written under; a list item and the root have none. */
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
  /** The text before substitution, when there was one: the only form that may be shown. */
  readonly substitutedFrom?: string;
}

/** A scalar whose variable or file is missing. That is reported already; nothing else should be. */
export interface UnreadableNode extends Written {
  readonly kind: 'unreadable';
}

/** The file as a tree of values that know where they were written. */
export type SourceNode = MappingNode | ListNode | ScalarNode | UnreadableNode;

/** The child of `node` at one step, if it is there. */
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

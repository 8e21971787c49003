import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type YAMLMap,
} from 'yaml';
import { type ConfigPath, type ConfigProblem, formatPath } from '../problem.js';
import { mappingOf, type Position, type SourceNode } from './source-node.js';
import type { Substitution } from './substitute.js';

const MAX_DEPTH = 64;
/** Nine levels of ten aliases each make a billion nodes out of one screen of YAML. */
const MAX_ALIASED_NODES = 10_000;

/** The path of a value and the position of its key. */
interface Place {
  readonly path: ConfigPath;
  readonly key?: Position;
}

/** Turns a parsed YAML document into a tree of values with positions, substituting in its scalars. */
export class TreeBuilder {
  readonly problems: ConfigProblem[] = [];
  private aliasedNodes = 0;
  /** The aliases being followed, outermost first. */
  private readonly following: Alias[] = [];

  constructor(
    private readonly document: Document,
    private readonly lines: LineCounter,
    private readonly substitute: (text: string) => Substitution | undefined,
  ) {}

  build(node: Node, place: Place): SourceNode {
    const at = this.positionOf(node);
    if (place.path.length > MAX_DEPTH) {
      return this.refuse(place, at, `nested deeper than ${MAX_DEPTH} levels`);
    }
    if (this.following.length > 0 && ++this.aliasedNodes > MAX_ALIASED_NODES) {
      const first = this.aliasedNodes === MAX_ALIASED_NODES + 1;
      if (first) this.report(place, at, `aliases repeat more than ${MAX_ALIASED_NODES} values`);
      return { ...place, at, value: undefined };
    }
    if (isAlias(node)) return this.follow(node, place, at);
    if (isMap(node)) return mappingOf({ ...place, at }, this.entries(node, place.path));
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.child(item, { path: [...place.path, index] }, at));
      return { ...place, at, value: items.map(({ value }) => value), children: new Map(items.entries()) };
    }
    return this.scalar(isScalar(node) ? node.value : null, place, at);
  }

  private follow(alias: Alias, place: Place, at: Position): SourceNode {
    const target = alias.resolve(this.document);
    const found = `found the alias *${alias.source}`;
    if (!target) return this.refuse(place, at, `${found}, but there is no anchor of that name before it`);
    if (this.following.includes(alias)) return this.refuse(place, at, `${found} inside its own anchor`);
    this.following.push(alias);
    const resolved = this.build(target, place);
    this.following.pop();
    return resolved;
  }

  private entries(map: YAMLMap, parent: ConfigPath): Map<string, SourceNode> {
    const entries = new Map<string, SourceNode>();
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      const place = { path: [...parent, key], key: this.positionOf(pair.key) };
      const refusal = refusedKey(key) ?? duplicate(entries.get(key));
      if (refusal) this.refuse(place, place.key, refusal);
      else entries.set(key, this.child(pair.value, place, place.key));
    }
    return entries;
  }

  /** A key with nothing after it has no node of its own, so its position is that of the key. */
  private child(node: unknown, place: Place, parentAt: Position): SourceNode {
    const isEmpty = isScalar(node) && node.value === null;
    if (isNode(node) && !isEmpty) return this.build(node, place);
    const at = place.key ?? (isEmpty ? this.positionOf(node) : parentAt);
    return { ...place, at, value: null };
  }

  private scalar(value: unknown, place: Place, at: Position): SourceNode {
    if (typeof value !== 'string') {
      const isKnown = typeof value === 'number' || typeof value === 'boolean';
      return { ...place, at, value: isKnown ? value : null };
    }
    const substitution = this.substitute(value);
    if (!substitution) return { ...place, at, value };
    const { text, failures } = substitution;
    for (const failure of failures) this.report(place, at, failure);
    return failures.length > 0
      ? { ...place, at, value: undefined }
      : { ...place, at, value: text, substitutedFrom: value };
  }

  private refuse(place: Place, at: Position, message: string): SourceNode {
    this.report(place, at, message);
    return { ...place, at, value: undefined };
  }

  private report({ path }: Place, at: Position, message: string): void {
    this.problems.push({ path: formatPath(path), ...at, message });
  }

  private positionOf(node: unknown): Position {
    const { line, col } = this.lines.linePos(isNode(node) ? (node.range?.[0] ?? 0) : 0);
    return { line, column: col };
  }
}

function refusedKey(key: string): string | undefined {
  if (key === '__proto__') return 'unknown key "__proto__"; nothing can have this name';
  if (key === '<<')
    return 'unknown key "<<"; merge keys are not part of YAML 1.2. Use `defaults` for what upstreams share';
  return undefined;
}

function duplicate(first: SourceNode | undefined): string | undefined {
  return first && `duplicate key, first written on line ${first.key?.line}`;
}

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type YAMLMap,
} from 'yaml';
import { type ConfigPath, type ConfigProblem, formatPath, type Position } from '../problem.js';
import { MAX_DEPTH, parseText, tooDeepAt } from './parse-text.js';
import {
  isMapping,
  listOf,
  type MappingNode,
  mappingOf,
  type Place,
  type SourceNode,
} from './source-node.js';
import { type Sources, substitute } from './substitute.js';
import { syntaxProblems } from './syntax-problems.js';

/**
 * Reads YAML 1.2 with its core schema (JSON is a subset of it) into values with positions.
 * @param expected the words that follow "expected": what the file should be
 * @returns no `root` when the text is not a YAML mapping; otherwise what could be read of it
 */
export function readYaml(
  text: string,
  sources: Sources,
  expected = 'a mapping with `upstreams` and `routes`',
): { root?: MappingNode; problems: readonly ConfigProblem[] } {
  const lines = new LineCounter();
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    const before = text.slice(0, deep).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    return { problems: [problem(before.length, column, `nested deeper than ${MAX_DEPTH} levels`)] };
  }
  const document = parseText(text, lines);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) return { problems: syntaxProblems(faults, text, document, lines) };
  if (document.contents === null)
    return { problems: [problem(1, 1, `the file is empty, expected ${expected}`)] };

  const builder = new TreeBuilder(document, lines, sources);
  const root = builder.build(document.contents, { path: [] });
  if (isMapping(root)) return { root, problems: builder.problems };
  const found = root.children ? 'a list' : 'a single value';
  return { problems: [problem(root.at.line, root.at.column, `found ${found}, expected ${expected}`)] };
}

function problem(line: number, column: number, message: string): ConfigProblem {
  return { path: '', line, column, message };
}

/** Nine levels of ten aliases each make a billion nodes out of one screen of YAML. */
const MAX_ALIASED_NODES = 10_000;

/** Turns a parsed YAML document into a tree of values with positions, substituting in its scalars. */
class TreeBuilder {
  readonly problems: ConfigProblem[] = [];
  private aliasedNodes = 0;
  /** The aliases being followed, outermost first. */
  private readonly following: Alias[] = [];

  constructor(
    private readonly document: Document,
    private readonly lines: LineCounter,
    private readonly sources: Sources,
  ) {}

  build(node: unknown, location: Omit<Place, 'at'>): SourceNode {
    const isEmpty = !isNode(node) || (isScalar(node) && node.value === null);
    // A key with nothing after it has no node of its own, so its position is that of the key.
    const place = { ...location, at: (isEmpty && location.key) || this.positionOf(node) };
    if (place.path.length > MAX_DEPTH) return this.refuse(place, `nested deeper than ${MAX_DEPTH} levels`);
    if (this.following.length > 0 && ++this.aliasedNodes > MAX_ALIASED_NODES) {
      const isFirst = this.aliasedNodes === MAX_ALIASED_NODES + 1;
      if (isFirst) this.report(place, `aliases repeat more than ${MAX_ALIASED_NODES} values`);
      return { ...place, value: undefined };
    }
    if (isAlias(node)) return this.follow(node, place);
    if (isMap(node)) return mappingOf(place, this.entries(node, place.path));
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.build(item, { path: [...place.path, index] }));
      return listOf(place, items);
    }
    return this.scalar(isScalar(node) ? node.value : null, place);
  }

  private follow(alias: Alias, place: Place): SourceNode {
    const target = alias.resolve(this.document);
    const found = `found the alias *${alias.source}`;
    if (!target)
      return this.refuse(
        place,
        `${found}, but there is no anchor of that name before it; text that starts with * needs quotes`,
      );
    if (this.following.includes(alias)) return this.refuse(place, `${found} inside its own anchor`);
    this.following.push(alias);
    const resolved = this.build(target, place);
    this.following.pop();
    return resolved;
  }

  private entries(map: YAMLMap, parent: ConfigPath): Map<string, SourceNode> {
    const entries = new Map<string, SourceNode>();
    for (const pair of map.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : '';
      const key = this.positionOf(pair.key);
      const place = { path: [...parent, name], key, at: key };
      const first = entries.get(name);
      const refusal =
        refusedKey(name) ?? (first && `duplicate key, first written on line ${first.key?.line}`);
      if (refusal) this.refuse(place, refusal);
      else entries.set(name, this.build(pair.value, place));
    }
    return entries;
  }

  private scalar(value: unknown, place: Place): SourceNode {
    if (typeof value !== 'string') {
      const isKnown = typeof value === 'number' || typeof value === 'boolean';
      return { ...place, value: isKnown ? value : null };
    }
    const substitution = substitute(value, this.sources);
    if (!substitution) return { ...place, value };
    const { text, failures } = substitution;
    for (const failure of failures) this.report(place, failure);
    return failures.length > 0
      ? { ...place, value: undefined }
      : { ...place, value: text, substitutedFrom: value };
  }

  private refuse(place: Place, message: string): SourceNode {
    this.report(place, message);
    return { ...place, value: undefined };
  }

  private report({ path, at }: Place, message: string): void {
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

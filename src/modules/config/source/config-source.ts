import { type ConfigPath, type ConfigProblem, formatPath } from '../problem.js';
import { describeFound, isMapping, type SourceNode } from './source-node.js';

/** The values of a configuration file and the position of each. */
export class ConfigSource {
  constructor(private readonly root: SourceNode) {}

  /** The values alone, without positions. */
  get plain(): unknown {
    return this.root.value;
  }

  /** Whether something was written there, even if its variable is missing. */
  has(path: ConfigPath): boolean {
    return this.find(path).missing.length === 0;
  }

  /** Whether the value is unknown because its variable or file is missing, which is reported elsewhere. */
  isUnreadable(path: ConfigPath): boolean {
    return this.find(path).node.value === undefined;
  }

  /** Whether a variable or a file was substituted there, so that the value can be a secret. */
  isSubstituted(path: ConfigPath): boolean {
    return this.find(path).node.substitutedFrom !== undefined;
  }

  /** Whether the value comes from another place, that is, from `defaults`. */
  isInherited(path: ConfigPath): boolean {
    const { node, missing } = this.find(path);
    return formatPath([...node.path, ...missing]) !== formatPath(path);
  }

  /** The plain value there. It must not be shown; see `found`. */
  valueAt(path: ConfigPath): unknown {
    const { node, missing } = this.find(path);
    return missing.length === 0 ? node.value : undefined;
  }

  /** The mapping there; an empty one when it is something else, which the schema reports. */
  mapping(path: ConfigPath): Readonly<Record<string, unknown>> {
    const value = this.valueAt(path);
    // In plain values of a file, every object that is not an array is a mapping with text keys.
    return this.isMapping(path) ? (value as Record<string, unknown>) : {};
  }

  isMapping(path: ConfigPath): boolean {
    const { node, missing } = this.find(path);
    return missing.length === 0 && isMapping(node);
  }

  /** The list there; an empty one when it is something else, which the schema reports. */
  list(path: ConfigPath): readonly unknown[] {
    const value = this.valueAt(path);
    return Array.isArray(value) ? value : [];
  }

  /** What was found there, in words and safe to show; `nothing` when there is nothing. */
  found(path: ConfigPath): string {
    const { node, missing } = this.find(path);
    return missing.length === 0 ? describeFound(node) : 'nothing';
  }

  /**
   * A problem with the value at `path`. A missing value is reported at the key of the mapping that should contain
   * it, and a mapping or list at its own key, because it can begin lines below.
   */
  problem(path: ConfigPath, message: string): ConfigProblem {
    const { node, missing } = this.find(path);
    const { line, column } = missing.length === 0 && !node.children ? node.at : (node.key ?? node.at);
    return { path: formatPath([...node.path, ...missing]), line, column, message };
  }

  /**
   * A problem that says what was found at `path` and what is allowed.
   * @param what the words that follow "expected": `an id`, `a duration such as 3s`
   */
  expected(path: ConfigPath, what: string): ConfigProblem {
    const found = this.has(path) ? `found ${this.found(path)}` : 'missing';
    return this.problem(path, `${found}, expected ${what}`);
  }

  /** A problem that says which key was found at `path` and what is allowed. */
  unexpectedKey(path: ConfigPath, what: string): ConfigProblem {
    return this.problemWithKey(path, `found ${JSON.stringify(path.at(-1))}, expected ${what}`);
  }

  /** A problem with the key at the end of `path`. */
  problemWithKey(path: ConfigPath, message: string): ConfigProblem {
    const { node } = this.find(path);
    return { ...this.problem(path, message), ...(node.key ?? node.at) };
  }

  /** The deepest node on the way to `path` that was written, and the steps that are missing. */
  private find(path: ConfigPath): { node: SourceNode; missing: ConfigPath } {
    let node = this.root;
    for (const [depth, step] of path.entries()) {
      const child = node.children?.get(step);
      if (!child) return { node, missing: path.slice(depth) };
      node = child;
    }
    return { node, missing: [] };
  }
}

import { type ConfigPath, formatPath } from '../config-path.js';
import type { ConfigProblem } from '../problem.js';
import { describeFound } from './found.js';
import { childOf, type SourceNode, toPlain } from './source-node.js';

/** A configuration file that was read: its values, and where in the file each was written. */
export class ConfigSource {
  /** The values alone, without positions. */
  readonly plain: unknown;

  constructor(private readonly root: SourceNode) {
    this.plain = toPlain(root);
  }

  /** Was something written there, even if its variable is missing? */
  has(path: ConfigPath): boolean {
    return this.find(path).missing.length === 0;
  }

  /** Is its value unknown because its variable or file is missing? That is reported once, elsewhere. */
  isUnreadable(path: ConfigPath): boolean {
    return this.find(path).node.kind === 'unreadable';
  }

  /** Was a variable or a file put into it? Then its value may be a secret. */
  isSubstituted(path: ConfigPath): boolean {
    const { node } = this.find(path);
    return node.kind === 'scalar' && node.substitutedFrom !== undefined;
  }

  /** Does the value come from another place, that is from `defaults`? */
  isInherited(path: ConfigPath): boolean {
    const { node, missing } = this.find(path);
    return formatPath([...node.path, ...missing]) !== formatPath(path);
  }

  /** The plain value there; not to be shown, see `found`. */
  valueAt(path: ConfigPath): unknown {
    const { node, missing } = this.find(path);
    return missing.length === 0 ? toPlain(node) : undefined;
  }

  /** What was found there, in words and safe to show; `nothing` when there is nothing. */
  found(path: ConfigPath): string {
    const { node, missing } = this.find(path);
    return describeFound(missing.length === 0 ? node : undefined);
  }

  /**
   * A problem with the value at `path`. Where it is missing, it is at the key of what should hold it;
   * a mapping or a list is best found by its key, since it may begin lines below.
   */
  problem(path: ConfigPath, message: string): ConfigProblem {
    const { node, missing } = this.find(path);
    const isScalar = node.kind === 'scalar' || node.kind === 'unreadable';
    const { line, column } = missing.length === 0 && isScalar ? node.at : (node.key ?? node.at);
    return { path: formatPath([...node.path, ...missing]), line, column, message };
  }

  /**
   * A problem that says what was found at `path` and what is allowed.
   * @param what `an id`, `a duration such as 3s`; the words that follow "expected"
   */
  expected(path: ConfigPath, what: string): ConfigProblem {
    const found = this.has(path) ? `found ${this.found(path)}` : 'missing';
    return this.problem(path, `${found}, expected ${what}`);
  }

  /** The same for the key at the end of `path`. */
  unexpectedKey(path: ConfigPath, what: string): ConfigProblem {
    return this.problemWithKey(path, `found ${JSON.stringify(path.at(-1))}, expected ${what}`);
  }

  /** A problem with the key itself. */
  problemWithKey(path: ConfigPath, message: string): ConfigProblem {
    const { node } = this.find(path);
    return { ...this.problem(path, message), ...(node.key ?? node.at) };
  }

  /** The deepest node that was written on the way to `path`, and the steps that are missing. */
  private find(path: ConfigPath): { node: SourceNode; missing: ConfigPath } {
    let node = this.root;
    for (const [depth, step] of path.entries()) {
      const child = childOf(node, step);
      if (!child) return { node, missing: path.slice(depth) };
      node = child;
    }
    return { node, missing: [] };
  }
}

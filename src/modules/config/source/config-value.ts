import { type ConfigPath, type ConfigProblem, formatPath } from '../problem.js';
import { describeFound, isMapping, isSecret, mappingOf, type SourceNode } from './source-node.js';

/** A place in a configuration file, with the value that was written there, if any. */
export class ConfigValue {
  /**
   * @param node the deepest value on the way to `path` that was written
   * @param missing the steps of `path` below it
   */
  constructor(
    private readonly node: SourceNode,
    readonly path: ConfigPath = [],
    private readonly missing: ConfigPath = [],
  ) {}

  /** The place below this one at some keys and indices, whether anything was written there or not. */
  at(...steps: ConfigPath): ConfigValue {
    let { node, missing } = this;
    for (const step of steps) {
      const child = missing.length === 0 ? node.children?.get(step) : undefined;
      if (child) node = child;
      else missing = [...missing, step];
    }
    return new ConfigValue(node, [...this.path, ...steps], missing);
  }

  /** The places of the values of a list; none when it is something else, which the schema reports. */
  items(): ConfigValue[] {
    return Array.isArray(this.value) ? this.value.map((_, index) => this.at(index)) : [];
  }

  /** The places of the values of a mapping; none when it is something else, which the schema reports. */
  entries(): ConfigValue[] {
    return this.keys().map((key) => this.at(key));
  }

  /** The places at paths such as `routes[].plugins[]` and `auth.*.plugin`: all items of a list, all entries of a mapping. */
  all(...paths: readonly string[]): ConfigValue[] {
    return paths.flatMap((path) => {
      let places: ConfigValue[] = [this];
      for (const step of path.split(/\.|(?=\[\])/))
        places = places.flatMap((place) => {
          if (step === '[]') return place.items();
          return step === '*' ? place.entries() : [place.at(step)];
        });
      return places;
    });
  }

  keys(): string[] {
    return this.isWritten && isMapping(this.node) ? [...this.node.children.keys()] : [];
  }

  /** Whether the mapping has this key; much cheaper than `keys` where there are thousands. */
  has(key: string): boolean {
    return this.isMapping && this.node.children?.has(key) === true;
  }

  /** The places at those of these keys that are written. */
  written(keys: readonly string[]): ConfigValue[] {
    return keys.map((key) => this.at(key)).filter(({ isWritten }) => isWritten);
  }

  /** The same place, with an empty mapping if nothing was written there. */
  orEmpty(): ConfigValue {
    if (this.isWritten) return this;
    return new ConfigValue(mappingOf({ ...this.node, path: this.path }, new Map()), this.path);
  }

  get key(): string {
    return String(this.path.at(-1));
  }

  /** Whether something was written there, even if its variable is missing. */
  get isWritten(): boolean {
    return this.missing.length === 0;
  }

  get isMapping(): boolean {
    return this.isWritten && isMapping(this.node);
  }

  /** Whether the value is unknown because its variable or file is missing, which is reported elsewhere. */
  get isUnreadable(): boolean {
    return this.node.value === undefined;
  }

  get isSecret(): boolean {
    return isSecret(this.node);
  }

  /** Whether the value comes from another place, that is, from `defaults`. */
  get isInherited(): boolean {
    return this.writtenPath !== formatPath(this.path);
  }

  /** The plain value there. It must not be shown; see `found`. */
  get value(): unknown {
    return this.isWritten ? this.node.value : undefined;
  }

  /** The value if it is text that is not empty; the schema reports anything else. */
  get text(): string | undefined {
    return typeof this.value === 'string' && this.value !== '' ? this.value : undefined;
  }

  /** What was found there, in words and safe to show; `nothing` when there is nothing. */
  get found(): string {
    return this.isWritten ? describeFound(this.node) : 'nothing';
  }

  /**
   * A problem with the value. A missing value is reported at the key of the mapping that should contain it, and a
   * mapping or list at its own key, because it can begin lines below.
   */
  problem(message: string): ConfigProblem {
    const { key, at, children } = this.node;
    const position = this.isWritten && !children ? at : (key ?? at);
    return { path: this.writtenPath, ...position, message };
  }

  problemWithKey(message: string): ConfigProblem {
    return { path: this.writtenPath, ...(this.node.key ?? this.node.at), message };
  }

  /**
   * A problem that says what was found and what is allowed.
   * @param what the words that follow "expected": `an id`, `a duration such as 3s`
   */
  expected(what: string): ConfigProblem {
    return this.problem(`${this.isWritten ? `found ${this.found}` : 'missing'}, expected ${what}`);
  }

  unexpectedKey(what: string): ConfigProblem {
    return this.problemWithKey(`found ${JSON.stringify(this.key)}, expected ${what}`);
  }

  /** A problem with a key that excludes another. */
  beside(other: string): ConfigProblem {
    return this.problemWithKey(`found \`${this.key}\` beside \`${other}\`, expected one of them`);
  }

  /**
   * A problem with a key that would look as if it had an effect.
   * @param where the words that follow "has no meaning"
   */
  meaningless(where: string): ConfigProblem {
    return this.problemWithKey(`\`${this.key}\` has no meaning ${where}`);
  }

  /** Where the value was written, as a problem shows it. */
  private get writtenPath(): string {
    return formatPath([...this.node.path, ...this.missing]);
  }
}

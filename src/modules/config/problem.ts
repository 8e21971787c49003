/** The place of a value in the file: keys of mappings and indices of lists, from the root down. */
export type ConfigPath = readonly (string | number)[];

/** Line and column, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** An error in a configuration file, or a warning about it. */
export interface ConfigProblem extends Position {
  /** Another file that the configuration names. Absent for the configuration itself. */
  readonly file?: string;
  /** `upstreams.users.timeout`, `routes[0].match.path`; empty for the file as a whole. */
  readonly path: string;
  /** What was found and what is allowed. Never the value of a substituted variable or of a secret. */
  readonly message: string;
  /** The line of the file and a caret below it, without secrets. */
  readonly source?: string;
}

const PLAIN_KEY = /^[A-Za-z0-9_-]+$/;

/** Writes `routes[0].match.path`. A key with a dot or a blank is quoted: `upstreams["api.v1"].timeout`. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!PLAIN_KEY.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** Sorts problems in the order of the file. Those of other files that it names come last. */
export function sortProblems<T extends ConfigProblem>(problems: readonly T[]): T[] {
  return problems.toSorted(
    (a, b) =>
      (a.file ?? '').localeCompare(b.file ?? '') ||
      a.line - b.line ||
      a.column - b.column ||
      a.path.localeCompare(b.path),
  );
}

/**
 * Writes one line for each problem, as compilers do, so that editors and terminals can jump to its place:
 * `gateway.yaml:12:14 upstreams.users.timeout: found "3 parsecs", expected a duration ...`. The line of the file follows.
 */
export function formatProblems(file: string, problems: readonly ConfigProblem[]): string {
  return sortProblems(problems)
    .map(({ file: other, path, line, column, message, source = '' }) => {
      const place = `${other ?? file}:${line}:${column}`;
      const quote = source.replaceAll(/^/gm, '    ');
      return `${place} ${path === '' ? '' : `${path}: `}${message}${source && `\n${quote}`}`;
    })
    .join('\n');
}

/** Writes some names in a message, and how many others there are. */
export function listed(names: readonly string[], most: number): string {
  const more = names.length - most;
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

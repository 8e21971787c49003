/** One thing that is wrong with, or doubtful about, a configuration file. */
export interface ConfigProblem {
  /** Another file that the configuration names; absent for the configuration itself. */
  readonly file?: string;
  /** `upstreams.users.timeout`, `routes[0].match.path`; empty for the file as a whole. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** What was found, what is allowed. Never the value of a substituted variable or of a secret. */
  readonly message: string;
}

/** In the order in which a reader of the file meets them, and after those what is wrong in files it names. */
export function sortProblems(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted(
    (a, b) =>
      (a.file ?? '').localeCompare(b.file ?? '') ||
      a.line - b.line ||
      a.column - b.column ||
      a.path.localeCompare(b.path),
  );
}

/**
 * One line each, as compilers write them, so that editors and terminals can jump to the place:
 * `gateway.yaml:12:14 upstreams.users.timeout: found "3 parsecs", expected a duration ...`.
 */
export function formatProblems(file: string, problems: readonly ConfigProblem[]): string {
  return sortProblems(problems)
    .map(({ file: other, path, line, column, message }) => {
      const place = `${other ?? file}:${line}:${column}`;
      return path === '' ? `${place} ${message}` : `${place} ${path}: ${message}`;
    })
    .join('\n');
}

import type { z } from 'zod';
import type { ConfigPath } from '../config-path.js';
import { nearest } from '../nearest.js';
import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { A_LIST, allowed, knownKeys } from './allowed.js';
import { keyNotServedYet } from './not-served-yet.js';
import { matchSchema } from './route.js';

export interface Validation<T> {
  /** Only when there are no problems. */
  readonly parsed?: T;
  readonly problems: readonly ConfigProblem[];
}

/** Holds a file against its schema and translates every issue into a problem at its place. */
export function validate<T>(schema: z.ZodType<T>, source: ConfigSource): Validation<T> {
  const result = schema.safeParse(source.plain, { error: allowed });
  if (result.success) return { parsed: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => translate(issue, [], source)) };
}

function translate(issue: z.core.$ZodIssue, parent: ConfigPath, source: ConfigSource): ConfigProblem[] {
  // YAML keys are text and list indices numbers; there are no symbols in these paths.
  const path = [...parent, ...(issue.path as (string | number)[])];
  // A default that is wrong is wrong once, where it is written, not once more for each upstream.
  if (source.isUnreadable(path) || source.isInherited(path)) return [];

  if (issue.code === 'unrecognized_keys')
    return unknownKeys(issue.keys, path, knownKeys(issue.message), source);
  if (issue.code === 'invalid_union') {
    const branch = meantBranch(issue.errors);
    if (branch) return branch.flatMap((nested) => translate(nested, path, source));
  }
  if (issue.code === 'invalid_key') {
    return [source.unexpectedKey(path, issue.issues[0]?.message ?? issue.message)];
  }
  if (issue.code === 'custom' && issue.params?.['key'] === true) {
    return [source.unexpectedKey(path, issue.message)];
  }
  if (issue.message === A_LIST) return [source.expected(path, A_LIST + asList(source.found(path)))];
  return [source.expected(path, issue.message)];
}

/** @returns what stands there as a list of one, if it is a value; in quotes unless YAML needs none */
function asList(found: string): string {
  const [, plain] = /^"([A-Za-z][\w./-]*(?:, ?[A-Za-z][\w./-]*)*)"$/.exec(found) ?? [];
  const isValue = found.startsWith('"') || /^\d+$/.test(found);
  return isValue ? `, as in [${plain ?? found}]` : '';
}

/** Of a union, the branch that the user meant: one that did accept the value's kind, and found fault inside it. */
function meantBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  return branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
}

function unknownKeys(
  keys: readonly string[],
  path: ConfigPath,
  known: string[],
  source: ConfigSource,
): ConfigProblem[] {
  return keys
    .filter((key) => !source.isInherited([...path, key]))
    .map((key) => {
      const guess = nearest(key, known);
      const hint = guess === undefined ? 'known here' : `did you mean \`${guess}\`? Known here`;
      const unknown = `unknown key ${JSON.stringify(key)}; ${hint}: ${known.join(', ')}`;
      const told = keyNotServedYet(path, key) ?? keyOfMatch(path, key) ?? unknown;
      return source.problemWithKey([...path, key], told);
    });
}

/** Whoever writes a route from memory puts its `path` beside `match`. */
function keyOfMatch([section, ...rest]: ConfigPath, key: string): string | undefined {
  if (section !== 'routes' || rest.length !== 1 || !Object.hasOwn(matchSchema.shape, key)) return undefined;
  return `unknown key ${JSON.stringify(key)} beside \`match\`; it belongs into it: match: { ${key}: … }`;
}

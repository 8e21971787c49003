import { placeholdersOf } from '../../../common/http/header-rules.js';
import type { ConfigProblem } from '../problem.js';
import { rewriteSchema, segmentsOf } from '../schema/path-pattern.js';
import type { ConfigValue } from '../source/config-value.js';

/* Checks of what is filled with parameters of `match.path`: rewrites, values of headers, and parts of `gather`. */

/** Reports a rewrite that does not fit the path that its route matches. */
export function rewriteProblems(route: ConfigValue): ConfigProblem[] {
  const pattern = route.at('match', 'path').text;
  const written = route.at('rewrite');
  // The schema reports what is not a rewrite at all.
  const { data: rewrite } = rewriteSchema.safeParse(written.value);
  if (pattern === undefined || !rewrite) return [];
  const { path, stripPrefix } = rewrite;
  if (path !== undefined) return templateProblems(written.at('path'), pattern, path);
  if (stripPrefix === undefined || canStartWith(pattern, stripPrefix)) return [];
  return [written.at('stripPrefix').expected(`a path that ${JSON.stringify(pattern)} can start with`)];
}

function canStartWith(pattern: string, prefix: string): boolean {
  const segments = segmentsOf(pattern);
  const isOpen = segments.at(-1) === '**';
  return segmentsOf(prefix).every((segment, i) => {
    if (isOpen && i >= segments.length - 1) return true;
    const matched = segments[i];
    return matched !== undefined && (matched.startsWith('{') || matched === segment);
  });
}

function templateProblems(written: ConfigValue, pattern: string, template: string): ConfigProblem[] {
  const segments = segmentsOf(template);
  const isOpen = pattern.endsWith('/**');
  if (isOpen && pattern.includes('/{rest}/') && segments.includes('{rest}')) {
    const reason = 'it is a parameter of `match.path`, which also ends with `**`';
    return [written.problem(`\`{rest}\` is ambiguous: ${reason}`)];
  }
  if (isOpen && segments.slice(0, -1).includes('{rest}')) {
    return [written.expected('a path with {rest} as its last segment only')];
  }
  const known = parametersWithRest(pattern);
  if (parametersOf(template).every((each) => known.includes(each))) return [];
  return [written.expected(`a path with ${onlyOf(pattern, known)}`)];
}

/**
 * Reports header values with a parameter that the path of the route does not have.
 *
 * @param pattern of the path; default: the one that the route matches
 */
export function headerTemplateProblems(
  route: ConfigValue,
  pattern = route.at('match', 'path').text,
): ConfigProblem[] {
  if (pattern === undefined) return [];
  const known = parametersWithRest(pattern);
  return route
    .all('headers.request.set.*', 'headers.response.set.*')
    .filter(({ text = '' }) => placeholdersOf(text).parameters.some((name) => !known.includes(`{${name}}`)))
    .map((value) => value.expected(`${onlyOf(pattern, known)}, or claims such as {claim:tenant}`));
}

/** Reports parts of `gather` whose paths have a parameter that the path of the route does not have. */
export function partProblems(route: ConfigValue): ConfigProblem[] {
  const pattern = route.at('match', 'path').text;
  if (pattern === undefined) return [];
  const known = parametersOf(pattern);
  return route
    .all('gather.*.path')
    .filter(({ text = '' }) => parametersOf(text).some((each) => !known.includes(each)))
    .map((path) => path.expected(onlyOf(pattern, known)));
}

/** @returns the names with their braces */
function parametersOf(path: string): string[] {
  return path.match(/\{\w+\}/g) ?? [];
}

/** The same with `{rest}`, which is what a final `**` matches. */
function parametersWithRest(pattern: string): string[] {
  return [...parametersOf(pattern), ...(pattern.endsWith('/**') ? ['{rest}'] : [])];
}

function onlyOf(pattern: string, known: readonly string[]): string {
  return `parameters of ${JSON.stringify(pattern)} only (${known.join(', ') || 'there are none'})`;
}

import type { ConfigProblem } from '../problem.js';
import { rewriteSchema } from '../schema/path-pattern.js';
import type { ConfigValue } from '../source/config-value.js';

/** Reports a rewrite that does not fit the path that its route matches. */
export function rewriteProblems(route: ConfigValue): ConfigProblem[] {
  const pattern = route.at('match', 'path').text;
  const written = route.at('rewrite');
  // The schema reports what is not a rewrite at all.
  const { data: rewrite } = rewriteSchema.safeParse(written.value);
  if (pattern === undefined || !rewrite) return [];
  const { path, stripPrefix } = rewrite;
  if (path !== undefined) return templateProblems(written.at('path'), pattern, path);
  return stripPrefix === undefined ? [] : stripProblems(written.at('stripPrefix'), pattern, stripPrefix);
}

function stripProblems(written: ConfigValue, pattern: string, prefix: string): ConfigProblem[] {
  const segments = segmentsOf(pattern);
  const isOpen = segments.at(-1) === '**';
  const fits = segmentsOf(prefix).every((segment, i) => {
    if (isOpen && i >= segments.length - 1) return true;
    const matched = segments[i];
    return matched !== undefined && (matched.startsWith('{') || matched === segment);
  });
  return fits ? [] : [written.expected(`a path that ${JSON.stringify(pattern)} can start with`)];
}

function templateProblems(written: ConfigValue, pattern: string, template: string): ConfigProblem[] {
  const known = segmentsOf(pattern).filter((segment) => segment.startsWith('{'));
  const segments = segmentsOf(template);
  const isOpen = pattern.endsWith('/**');
  if (isOpen && known.includes('{rest}') && segments.includes('{rest}')) {
    const reason = 'it is a parameter of `match.path`, which also ends with `**`';
    return [written.problem(`\`{rest}\` is ambiguous: ${reason}`)];
  }
  if (isOpen && segments.slice(0, -1).includes('{rest}')) {
    return [written.expected('a path with {rest} as its last segment only')];
  }
  const parameters = isOpen ? [...known, '{rest}'] : known;
  const unknown = segments.some((segment) => segment.startsWith('{') && !parameters.includes(segment));
  if (!unknown) return [];
  const allowed = parameters.length === 0 ? 'there are none' : parameters.join(', ');
  return [written.expected(`a path with parameters of ${JSON.stringify(pattern)} only (${allowed})`)];
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

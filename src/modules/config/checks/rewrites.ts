import type { ConfigPath } from '../config-path.js';
import type { ConfigProblem } from '../problem.js';
import { rewriteSchema } from '../schema/rewrite.js';
import type { ConfigSource } from '../source/config-source.js';
import { asList, asMapping } from './raw.js';

/** Rewrites that do not fit the path that their route matches. */
export function rewriteProblems(source: ConfigSource): ConfigProblem[] {
  return asList(source.valueAt(['routes'])).flatMap((value, index) => {
    const route = asMapping(value);
    const { path: pattern } = asMapping(route['match']);
    // What is no rewrite at all is reported by the schema.
    const { data: rewrite } = rewriteSchema.safeParse(route['rewrite']);
    if (typeof pattern !== 'string' || !rewrite) return [];
    const place = ['routes', index, 'rewrite'];
    return rewrite.path !== undefined
      ? templateProblems(source, place, pattern, rewrite.path)
      : stripProblems(source, place, pattern, rewrite.stripPrefix);
  });
}

function stripProblems(
  source: ConfigSource,
  place: ConfigPath,
  pattern: string,
  prefix: string,
): ConfigProblem[] {
  const segments = segmentsOf(pattern);
  const isOpen = segments.at(-1) === '**';
  const fits = segmentsOf(prefix).every((segment, i) => {
    if (isOpen && i >= segments.length - 1) return true;
    const matched = segments[i];
    return matched !== undefined && (matched.startsWith('{') || matched === segment);
  });
  if (fits) return [];
  return [
    source.expected([...place, 'stripPrefix'], `a path that ${JSON.stringify(pattern)} can start with`),
  ];
}

function templateProblems(
  source: ConfigSource,
  place: ConfigPath,
  pattern: string,
  template: string,
): ConfigProblem[] {
  const known = segmentsOf(pattern).filter((segment) => segment.startsWith('{'));
  const path = [...place, 'path'];
  const segments = segmentsOf(template);
  const restIsOpen = pattern.endsWith('/**');
  if (restIsOpen && known.includes('{rest}') && segments.includes('{rest}')) {
    return [source.problem(path, '`{rest}` is both a parameter of `match.path` and what its `**` takes')];
  }
  if (restIsOpen && segments.slice(0, -1).includes('{rest}')) {
    return [source.expected(path, 'a path with {rest} as its last segment only')];
  }
  const params = restIsOpen ? [...known, '{rest}'] : known;
  const unknown = segments.find((segment) => segment.startsWith('{') && !params.includes(segment));
  if (unknown === undefined) return [];
  const allowed = params.length === 0 ? 'there are none' : params.join(', ');
  return [source.expected(path, `a path with parameters of ${JSON.stringify(pattern)} only (${allowed})`)];
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

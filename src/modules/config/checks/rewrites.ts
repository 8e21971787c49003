import type { ConfigPath, ConfigProblem } from '../problem.js';
import { rewriteSchema } from '../schema/path-pattern.js';
import type { ConfigSource } from '../source/config-source.js';

/** Reports rewrites that do not fit the path that their route matches. */
export function rewriteProblems(source: ConfigSource): ConfigProblem[] {
  return source.list(['routes']).flatMap((_, index) => {
    const place = ['routes', index, 'rewrite'];
    const pattern = source.valueAt(['routes', index, 'match', 'path']);
    // The schema reports what is not a rewrite at all.
    const { data: rewrite } = rewriteSchema.safeParse(source.valueAt(place));
    if (typeof pattern !== 'string' || !rewrite) return [];
    return 'path' in rewrite
      ? templateProblems(source, [...place, 'path'], pattern, rewrite.path)
      : stripProblems(source, [...place, 'stripPrefix'], pattern, rewrite.stripPrefix);
  });
}

function stripProblems(source: ConfigSource, path: ConfigPath, pattern: string, prefix: string) {
  const segments = segmentsOf(pattern);
  const isOpen = segments.at(-1) === '**';
  const fits = segmentsOf(prefix).every((segment, i) => {
    if (isOpen && i >= segments.length - 1) return true;
    const matched = segments[i];
    return matched !== undefined && (matched.startsWith('{') || matched === segment);
  });
  return fits ? [] : [source.expected(path, `a path that ${JSON.stringify(pattern)} can start with`)];
}

function templateProblems(source: ConfigSource, path: ConfigPath, pattern: string, template: string) {
  const known = segmentsOf(pattern).filter((segment) => segment.startsWith('{'));
  const segments = segmentsOf(template);
  const isOpen = pattern.endsWith('/**');
  if (isOpen && known.includes('{rest}') && segments.includes('{rest}')) {
    return [
      source.problem(
        path,
        '`{rest}` is ambiguous: it is a parameter of `match.path`, which also ends with `**`',
      ),
    ];
  }
  if (isOpen && segments.slice(0, -1).includes('{rest}')) {
    return [source.expected(path, 'a path with {rest} as its last segment only')];
  }
  const parameters = isOpen ? [...known, '{rest}'] : known;
  const unknown = segments.some((segment) => segment.startsWith('{') && !parameters.includes(segment));
  if (!unknown) return [];
  const allowed = parameters.length === 0 ? 'there are none' : parameters.join(', ');
  return [source.expected(path, `a path with parameters of ${JSON.stringify(pattern)} only (${allowed})`)];
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

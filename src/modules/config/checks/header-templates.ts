import { placeholdersOf } from '../../../common/http/header-rules.js';
import type { ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';

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
  const known = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  if (pattern.endsWith('/**')) known.push('rest');
  const names = known.length === 0 ? 'there are none' : known.map((name) => `{${name}}`).join(', ');
  return ['request', 'response']
    .flatMap((side) => route.at('headers', side, 'set').entries())
    .filter(({ text = '' }) => placeholdersOf(text).parameters.some((name) => !known.includes(name)))
    .map((value) =>
      value.expected(
        `parameters of ${JSON.stringify(pattern)} only (${names}), or claims such as {claim:tenant}`,
      ),
    );
}

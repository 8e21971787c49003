import type { ConfigProblem } from '../problem.js';
import { matchSchema } from '../schema/route.js';
import { matchKey } from '../match-key.js';
import type { ConfigSource } from '../source/config-source.js';
import { asList, asMapping } from './raw.js';

const OTHER_MATCH = 'another path, or other methods, hosts or headers';

/** Routes that have the id, or the match, of a route before them. */
export function duplicateRouteProblems(source: ConfigSource): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const ids = new Map<unknown, number>();
  const matches = new Map<string, number>();
  for (const [index, value] of asList(source.valueAt(['routes'])).entries()) {
    const route = asMapping(value);
    const path = ['routes', index];

    const id = route['id'];
    const sameId = ids.get(id);
    if (sameId !== undefined)
      problems.push(source.expected([...path, 'id'], `another id: routes[${sameId}] has this one`));
    else if (typeof id === 'string') ids.set(id, index);

    // Invalid matches are reported by the schema; only valid ones can be compared.
    const match = matchSchema.safeParse(route['match']);
    if (!match.success) continue;
    const key = matchKey(match.data);
    const sameMatch = matches.get(key);
    if (sameMatch === undefined) matches.set(key, index);
    else
      problems.push(
        source.problem(
          [...path, 'match'],
          `found the match of routes[${sameMatch}], expected ${OTHER_MATCH}`,
        ),
      );
  }
  return problems;
}

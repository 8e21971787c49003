import { ProblemError } from '../../common/errors/problem.js';
import { type MatchInput, type MatchResult, type RouteTable, takesPath } from './route-table.js';

/**
 * @param match of `input`
 * @param laxPaths what lax servers could read its path as
 * @throws ProblemError when the upstream could read the path as that of a route that does not take the path itself, or when
 *   it has an encoded slash and its route does not pass them
 */
export function refuseAmbiguousPath(
  table: RouteTable,
  input: MatchInput,
  match: MatchResult,
  laxPaths: readonly string[],
): void {
  const { path } = input;
  const route = match.kind === 'route' ? match.route : undefined;
  if (path.includes('%2F') && route?.config.match.encodedSlashes !== 'pass') {
    throw new ProblemError('malformed_path', { detail: 'The path contains an encoded slash' });
  }
  if (!route) return;
  for (const laxPath of laxPaths) {
    const lax = table.match({ ...input, path: laxPath });
    if (lax.kind !== 'route' || lax.route === route || takesPath(lax.route, path)) continue;
    throw new ProblemError('malformed_path', {
      detail:
        'The path contains slashes or parameters with which an upstream could read it as that of another route',
    });
  }
}

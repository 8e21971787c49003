import { nearest } from '../nearest.js';
import type { ConfigPath, ConfigProblem } from '../problem.js';
import { ID_FORM, ID_PATTERN } from '../schema/scalars.js';
import type { ConfigSource } from '../source/config-source.js';

/*
 * The checks of this folder compare keys of several places. They read the file's plain values instead of the
 * schema's result, because they must report what they can even if something elsewhere is wrong and there is no result.
 */

/** Reports invalid ids of upstreams and providers. */
export function idProblems(source: ConfigSource): ConfigProblem[] {
  return ['auth', 'upstreams'].flatMap((section) =>
    Object.keys(source.mapping([section]))
      .filter((id) => !ID_PATTERN.test(id))
      .map((id) => source.unexpectedKey([section, id], ID_FORM)),
  );
}

/** Reports ids that no entry has, and fallbacks that lead back to where they began. */
export function referenceProblems(source: ConfigSource): ConfigProblem[] {
  const upstreams = Object.keys(source.mapping(['upstreams']));
  const fallbacks = [['defaults'], ...upstreams.map((id) => ['upstreams', id])]
    .map((owner) => [...owner, 'fallback', 'upstream'])
    .filter((path) => !source.isInherited(path));
  return [
    ...source.list(['routes']).flatMap((_, index) => routeReferences(source, ['routes', index])),
    ...fallbacks.flatMap((path) => dangling(source, path, 'upstreams')),
    ...upstreams.flatMap((id) => fallbackCycle(source, id, upstreams)),
  ];
}

function routeReferences(source: ConfigSource, route: ConfigPath): ConfigProblem[] {
  const sides = source.list([...route, 'split']).map((_, index) => [...route, 'split', index]);
  const auth = [...route, 'auth'];
  const provider = [...auth, 'provider'];
  const providers = source.list(provider).map((_, index) => [...provider, index]);
  return [
    ...[route, ...sides, [...route, 'mirror']].flatMap((owner) =>
      dangling(source, [...owner, 'upstream'], 'upstreams'),
    ),
    ...[provider, ...providers].flatMap((path) => dangling(source, path, 'auth')),
    ...withoutProvider(source, auth),
  ];
}

function dangling(source: ConfigSource, path: ConfigPath, section: 'upstreams' | 'auth'): ConfigProblem[] {
  const id = source.valueAt(path);
  const known = Object.keys(source.mapping([section]));
  if (typeof id !== 'string' || id === '' || known.includes(id)) return [];
  // A guess from a substituted id would reveal part of its value.
  const guess = source.isSubstituted(path) ? undefined : nearest(id, known);
  const hint = guess === undefined ? '' : `; did you mean \`${guess}\`?`;
  const ids = known.length === 0 ? 'there are none' : known.join(', ');
  return [source.expected(path, `the id of an entry of \`${section}\` (${ids})${hint}`)];
}

/** A route that requires a token when no provider can verify it would answer every request with 401. */
function withoutProvider(source: ConfigSource, auth: ConfigPath): ConfigProblem[] {
  const hasProvider = Object.keys(source.mapping(['auth'])).length > 0;
  if (!source.isMapping(auth) || hasProvider || source.valueAt([...auth, 'provider']) !== undefined)
    return [];
  return [source.expected(auth, '`none`, or a provider under the top-level `auth`: there is none')];
}

/** Reports each cycle once, at the first of its upstreams. */
function fallbackCycle(source: ConfigSource, first: string, upstreams: readonly string[]): ConfigProblem[] {
  const fallbackOf = (id: string): unknown => source.valueAt(['upstreams', id, 'fallback', 'upstream']);
  const chain = [first];
  for (let next = fallbackOf(first); next !== first; next = fallbackOf(next)) {
    if (typeof next !== 'string' || chain.includes(next)) return [];
    if (upstreams.indexOf(next) < upstreams.indexOf(first)) return [];
    chain.push(next);
  }
  const message = `an upstream whose fallbacks do not lead back: ${[...chain, first].join(' > ')}`;
  return [source.expected(['upstreams', first, 'fallback', 'upstream'], message)];
}

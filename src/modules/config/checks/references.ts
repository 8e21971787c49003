import type { ConfigPath } from '../config-path.js';
import { nearest } from '../nearest.js';
import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { asList, asMapping } from './raw.js';

/** Routes that name an upstream or a provider that is not there. */
export function referenceProblems(source: ConfigSource): ConfigProblem[] {
  const upstreams = Object.keys(asMapping(source.valueAt(['upstreams'])));
  const providers = Object.keys(asMapping(source.valueAt(['auth'])));
  return asList(source.valueAt(['routes'])).flatMap((value, index) => {
    const route = asMapping(value);
    const { provider } = asMapping(route['auth']);
    const { upstream: mirror } = asMapping(route['mirror']);
    return [
      ...dangling(source, ['routes', index, 'upstream'], route['upstream'], upstreams, 'upstreams'),
      ...asList(route['split']).flatMap((side, i) => {
        const path = ['routes', index, 'split', i, 'upstream'];
        return dangling(source, path, asMapping(side)['upstream'], upstreams, 'upstreams');
      }),
      ...dangling(source, ['routes', index, 'mirror', 'upstream'], mirror, upstreams, 'upstreams'),
      ...providersOf(['routes', index, 'auth', 'provider'], provider).flatMap(([path, id]) =>
        dangling(source, path, id, providers, 'auth'),
      ),
      ...withoutProvider(source, ['routes', index, 'auth'], route['auth'], providers),
    ];
  });
}

/** One, or a list of them, each with its place. */
function providersOf(path: ConfigPath, provider: unknown): (readonly [ConfigPath, unknown])[] {
  return Array.isArray(provider)
    ? asList(provider).map((id, index) => [[...path, index], id])
    : [[path, provider]];
}

function dangling(
  source: ConfigSource,
  path: ConfigPath,
  id: unknown,
  known: readonly string[],
  section: string,
): ConfigProblem[] {
  if (typeof id !== 'string' || id === '' || known.includes(id)) return [];
  // A guess from a substituted id would give part of its value away.
  const guess = source.isSubstituted(path) ? undefined : nearest(id, known);
  const hint = guess === undefined ? '' : `; did you mean \`${guess}\`?`;
  const ids = known.length === 0 ? 'there are none' : known.join(', ');
  return [source.expected(path, `the id of an entry of \`${section}\` (${ids})${hint}`)];
}

/** A route that asks for a token when nobody could say whether it is valid would answer 401 to all. */
function withoutProvider(
  source: ConfigSource,
  path: ConfigPath,
  auth: unknown,
  providers: readonly string[],
): ConfigProblem[] {
  const { provider } = asMapping(auth);
  if (typeof auth !== 'object' || auth === null || provider !== undefined || providers.length > 0) return [];
  return [source.expected(path, '`none`, or a provider under the top-level `auth`: there is none')];
}

import { didYouMean } from '../nearest.js';
import { pluginReferences } from '../plugins/plugin-sources.js';
import { type ConfigProblem, listed } from '../problem.js';
import { BALANCER_NAMES } from '../schema/balancer.js';
import { ID_FORM, ID_PATTERN } from '../schema/scalars.js';
import type { ConfigValue } from '../source/config-value.js';

/*
 * The checks of this folder compare keys of several places. They read the file's plain values instead of the
 * schema's result, because they must report what they can even if something elsewhere is wrong and there is no result.
 */

/** Reports invalid ids of upstreams, providers, plugins and parts of `gather`. */
export function idProblems(config: ConfigValue): ConfigProblem[] {
  return config
    .all('auth.*', 'upstreams.*', 'plugins.*', 'routes[].gather.*')
    .filter(({ key }) => !ID_PATTERN.test(key))
    .map((entry) => entry.unexpectedKey(ID_FORM));
}

/** Reports ids that no entry has, and fallbacks that lead back to where they began. */
export function referenceProblems(config: ConfigValue): ConfigProblem[] {
  const [upstreams, auth, plugins] = [config.at('upstreams'), config.at('auth'), config.at('plugins')];
  const destinations = config.all(
    'routes[].upstream',
    'routes[].split[].upstream',
    'routes[].gather.*.upstream',
    'routes[].mirror.upstream',
    'defaults.fallback.upstream',
    'upstreams.*.fallback.upstream',
  );
  const providers = config.all('routes[].auth.provider', 'routes[].auth.provider[]');
  const hasProviders = auth.keys().length > 0;
  return [
    ...destinations.flatMap((id) => dangling(id, upstreams)),
    ...providers.flatMap((id) => dangling(id, auth)),
    ...pluginReferences(config).flatMap(({ id, kind }) =>
      kind === 'balancer' ? danglingBalancer(id, plugins) : dangling(id, plugins),
    ),
    ...config.all('routes[].auth').flatMap((each) => withoutProvider(each, hasProviders)),
    ...fallbackCycles(upstreams),
  ];
}

function dangling(id: ConfigValue, section: ConfigValue): ConfigProblem[] {
  if (id.text === undefined || section.has(id.text) || id.isInherited) return [];
  return [unknownId(id, section.key, section.keys())];
}

function danglingBalancer(balancer: ConfigValue, plugins: ConfigValue): ConfigProblem[] {
  if (balancer.text === undefined || plugins.has(balancer.text)) return [];
  const names = BALANCER_NAMES.map((name) => `\`${name}\``).join(', ');
  const hint = didYouMean(balancer.text, [...BALANCER_NAMES, ...plugins.keys()]);
  return [balancer.expected(`one of ${names}, or the id of an entry of \`plugins\`${hint}`)];
}

/** @param section whose entries have the `known` ids */
export function unknownId(id: ConfigValue, section: string, known: readonly string[]): ConfigProblem {
  // A guess would reveal part of the value.
  const hint = id.isSecret ? '' : didYouMean(id.text ?? '', known);
  const ids = listed(known, MAX_LISTED) || 'there are none';
  return id.expected(`the id of an entry of \`${section}\` (${ids})${hint}`);
}

/** A route that requires a token when no provider can verify it would answer every request with 401. */
export function withoutProvider(routeAuth: ConfigValue, hasProviders: boolean): ConfigProblem[] {
  if (hasProviders || !routeAuth.isMapping || routeAuth.at('provider').value !== undefined) return [];
  return [routeAuth.expected('`none`, or a provider under the top-level `auth`: there is none')];
}

const MAX_LISTED = 50;

/** Reports each cycle once, at the first of its upstreams. Each upstream is followed once, however long the chains are. */
function fallbackCycles(upstreams: ConfigValue): ConfigProblem[] {
  const fallbackOf = (id: string) => upstreams.at(id, 'fallback', 'upstream');
  const order = new Map(upstreams.keys().map((id, index) => [id, index]));
  const followed = new Set<string>();
  return [...order.keys()].flatMap((start) => {
    const chain = new Set<string>();
    let id: string | undefined = start;
    while (id !== undefined && order.has(id) && !followed.has(id)) {
      followed.add(id);
      chain.add(id);
      id = fallbackOf(id).text;
    }
    if (id === undefined || !chain.has(id)) return [];
    const ids = [...chain];
    const cycle = ids.slice(ids.indexOf(id));
    const first = cycle.reduce((a, b) => ((order.get(a) ?? 0) <= (order.get(b) ?? 0) ? a : b));
    const at = cycle.indexOf(first);
    const path = [...cycle.slice(at), ...cycle.slice(0, at), first].join(' > ');
    return [fallbackOf(first).expected(`an upstream whose fallbacks do not lead back: ${path}`)];
  });
}

import type { GatewayConfig } from '../gateway-config.js';
import { matchKey } from '../match-key.js';
import type { ConfigProblem } from '../problem.js';
import { upstreamUrl } from '../schema/network.js';
import { matchSchema } from '../schema/route.js';
import type { ConfigValue } from '../source/config-value.js';
import { headerTemplateProblems, partProblems, rewriteProblems } from './path-parameters.js';

/**
 * Reports routes that have no single destination, mirror to it, rewrite what they do not match, or repeat another.
 *
 * @param parsed the same, when the schema has found it valid
 */
export function routeProblems(config: ConfigValue, parsed?: Pick<GatewayConfig, 'routes'>): ConfigProblem[] {
  return [
    ...config
      .all('routes[]')
      .flatMap((route) => [
        ...exactlyOne(route, ['upstream', 'split', 'gather'], 'the id of an upstream'),
        ...mirrorProblems(route),
        ...rewriteProblems(route),
        ...gatherProblems(route),
        ...headerTemplateProblems(route),
      ]),
    ...repetitions(config.all('routes[].id'), (id, first) =>
      id.expected(`another id: routes[${first}] has this one`),
    ),
    ...repetitions(
      config.all('routes[].match'),
      (match, first) =>
        match.problem(
          `found the match of routes[${first}], expected another path, or other methods, hosts or headers`,
        ),
      ({ value }, index) => {
        // The schema reports invalid matches; only valid ones can be compared.
        const match = parsed?.routes[index]?.match ?? matchSchema.safeParse(value).data;
        return match && matchKey(match);
      },
    ),
  ];
}

/** Keys that say how one upstream gets the request of the client, which `gather` does not forward. */
const FORWARDING = ['mirror', 'rewrite', 'websocket', 'streamIdleTimeout'];

/** Reports what does not fit a route that makes its answer of several calls. */
function gatherProblems(route: ConfigValue): ConfigProblem[] {
  if (!route.at('gather').isWritten) return [];
  const match = route.at('match');
  const methods = match.all('methods[]');
  const problems = route.written(FORWARDING).map((each) => each.meaningless('beside `gather`'));
  const isGet = methods.length > 0 && methods.every(({ text }) => text === 'GET');
  if (match.isMapping && !isGet)
    problems.push(match.at('methods').expected('[GET], the only method that `gather` answers'));
  return [...problems, ...partProblems(route)];
}

/** Copies would take bulkhead places, connections and retries from the requests that they are copies of. */
function mirrorProblems(route: ConfigValue): ConfigProblem[] {
  const mirror = route.at('mirror', 'upstream');
  const upstreams = route.all('upstream', 'split[].upstream').map(({ value }) => value);
  if (mirror.text === undefined || !upstreams.includes(mirror.text)) return [];
  return [mirror.expected('an upstream that does not get the requests themselves')];
}

const url = upstreamUrl();

/** Reports upstreams that have neither or both of `url` and `targets`, and targets that are listed twice. */
export function upstreamProblems(config: ConfigValue): ConfigProblem[] {
  return config
    .all('upstreams.*')
    .flatMap((upstream) => [
      ...exactlyOne(upstream, ['url', 'targets'], 'an http or https URL'),
      ...sameTargets(upstream),
    ]);
}

/** A target that is listed twice would be retried at itself, and each half of it would be ejected alone. */
function sameTargets(upstream: ConfigValue): ConfigProblem[] {
  return repetitions(
    upstream.all('targets[].url'),
    (target, first) =>
      target.expected(`another target: targets[${first}] is this one; \`weight\` gives it a larger share`),
    // The schema reports what is not a URL.
    ({ value }) => url.safeParse(value).data,
  );
}

/** Reports a mapping that has none or several of some keys. */
function exactlyOne(
  owner: ConfigValue,
  keys: readonly [string, ...string[]],
  expected: string,
): ConfigProblem[] {
  if (!owner.isMapping) return [];
  const [one, ...more] = owner.written(keys);
  if (one) return more.map((each) => each.beside(one.key));
  const [first, ...others] = keys;
  const names = others.map((key) => `\`${key}\``).join(' or ');
  return [owner.at(first).expected(`${expected}, or ${names}`)];
}

/**
 * Reports each value that is the same as an earlier one of the list.
 * @param report makes the problem from the value and the index of the first that is the same
 * @param keyOf the text by which values are compared; those without one are not
 */
function repetitions(
  values: readonly ConfigValue[],
  report: (value: ConfigValue, first: number) => ConfigProblem,
  keyOf: (value: ConfigValue, index: number) => string | undefined = ({ text }) => text,
): ConfigProblem[] {
  const indices = new Map<string, number>();
  return values.flatMap((value, index) => {
    const key = keyOf(value, index);
    if (key === undefined) return [];
    const first = indices.get(key);
    if (first !== undefined) return [report(value, first)];
    indices.set(key, index);
    return [];
  });
}

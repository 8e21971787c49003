import { matchKey } from '../match-key.js';
import type { ConfigPath, ConfigProblem } from '../problem.js';
import { upstreamUrl } from '../schema/network.js';
import { matchSchema } from '../schema/route.js';
import type { ConfigSource } from '../source/config-source.js';

/** Reports routes that have no single destination, mirror to it, or repeat an earlier route. */
export function routeProblems(source: ConfigSource): ConfigProblem[] {
  const ids = new Map<string, number>();
  const matches = new Map<string, number>();
  return source.list(['routes']).flatMap((_, index) => {
    const path = ['routes', index];
    const problems = [
      ...exactlyOne(source, path, ['upstream', 'split'], 'the id of an upstream'),
      ...mirrorProblems(source, path),
    ];
    const id = source.valueAt([...path, 'id']);
    const sameId = typeof id === 'string' ? firstIndex(ids, id, index) : undefined;
    if (sameId !== undefined)
      problems.push(source.expected([...path, 'id'], `another id: routes[${sameId}] has this one`));

    // The schema reports invalid matches; only valid ones can be compared.
    const match = matchSchema.safeParse(source.valueAt([...path, 'match']));
    const sameMatch = match.success ? firstIndex(matches, matchKey(match.data), index) : undefined;
    if (sameMatch !== undefined) {
      const message = `found the match of routes[${sameMatch}], expected another path, or other methods, hosts or headers`;
      problems.push(source.problem([...path, 'match'], message));
    }
    return problems;
  });
}

/** Copies would take bulkhead places, connections and retries from the requests that they are copies of. */
function mirrorProblems(source: ConfigSource, route: ConfigPath): ConfigProblem[] {
  const mirror = [...route, 'mirror', 'upstream'];
  const copies = source.valueAt(mirror);
  const sides = source.list([...route, 'split']).map((_, index) => [...route, 'split', index]);
  const upstreams = [route, ...sides].map((owner) => source.valueAt([...owner, 'upstream']));
  if (typeof copies !== 'string' || copies === '' || !upstreams.includes(copies)) return [];
  return [source.expected(mirror, 'an upstream that does not get the requests themselves')];
}

const url = upstreamUrl();

/** Reports upstreams that have neither or both of `url` and `targets`, and targets that are listed twice. */
export function upstreamProblems(source: ConfigSource): ConfigProblem[] {
  return Object.keys(source.mapping(['upstreams'])).flatMap((id) => {
    const path = ['upstreams', id];
    const problems = exactlyOne(source, path, ['url', 'targets'], 'an http or https URL');
    return problems.length > 0 ? problems : sameTargets(source, [...path, 'targets']);
  });
}

/** A target that is listed twice would be retried at itself, and each half of it would be ejected alone. */
function sameTargets(source: ConfigSource, targets: ConfigPath): ConfigProblem[] {
  const seen = new Map<string, number>();
  return source.list(targets).flatMap((_, index) => {
    const path = [...targets, index, 'url'];
    // The schema reports what is not a URL.
    const { data } = url.safeParse(source.valueAt(path));
    const first = data === undefined ? undefined : firstIndex(seen, data, index);
    if (first === undefined) return [];
    const expected = `another target: targets[${first}] is this one; \`weight\` gives it a larger share`;
    return [source.expected(path, expected)];
  });
}

/** Reports a mapping that has neither or both of two keys. */
function exactlyOne(
  source: ConfigSource,
  path: ConfigPath,
  [first, second]: readonly [string, string],
  expected: string,
): ConfigProblem[] {
  if (!source.isMapping(path)) return [];
  const hasFirst = source.has([...path, first]);
  const hasSecond = source.has([...path, second]);
  if (!hasFirst && !hasSecond) return [source.expected([...path, first], `${expected}, or \`${second}\``)];
  if (!hasFirst || !hasSecond) return [];
  const message = `found \`${second}\` beside \`${first}\`, expected one of them`;
  return [source.problemWithKey([...path, second], message)];
}

/** @returns the index at which `key` was seen before; remembers `index` when there was none */
function firstIndex(seen: Map<string, number>, key: string, index: number): number | undefined {
  const first = seen.get(key);
  if (first === undefined) seen.set(key, index);
  return first;
}

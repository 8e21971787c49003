import type { ConfigPath } from '../config-path.js';
import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { upstreamUrl } from '../schema/network.js';
import { asList, asMapping } from './raw.js';

const url = upstreamUrl();

/** Upstreams that don't say where they are, or say it twice. */
export function targetProblems(source: ConfigSource): ConfigProblem[] {
  return Object.entries(asMapping(source.valueAt(['upstreams']))).flatMap(([id, value]) => {
    const path = ['upstreams', id];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    const hasUrl = source.has([...path, 'url']);
    const hasTargets = source.has([...path, 'targets']);
    if (hasUrl && hasTargets)
      return [
        source.problemWithKey([...path, 'targets'], 'found `targets` beside `url`, expected one of them'),
      ];
    if (hasTargets) return sameTargetProblems(source, [...path, 'targets']);
    return hasUrl ? [] : [source.expected([...path, 'url'], 'an http or https URL, or `targets`')];
  });
}

/** A target that is listed twice would be retried at itself, and ejected by halves. */
function sameTargetProblems(source: ConfigSource, path: ConfigPath): ConfigProblem[] {
  const seen = new Map<string, number>();
  return asList(source.valueAt(path)).flatMap((target, index) => {
    // What is no URL is the schema's to report.
    const { data } = url.safeParse(asMapping(target)['url']);
    if (data === undefined) return [];
    const first = seen.get(data);
    if (first === undefined) {
      seen.set(data, index);
      return [];
    }
    const expected = `another target: targets[${first}] is this one; \`weight\` gives it a larger share`;
    return [source.expected([...path, index, 'url'], expected)];
  });
}

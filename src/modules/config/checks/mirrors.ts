import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { asList, asMapping } from './raw.js';

/** Copies that would take places, connections and retries from the very requests they are copies of. */
export function mirrorProblems(source: ConfigSource): ConfigProblem[] {
  return asList(source.valueAt(['routes'])).flatMap((value, index) => {
    const { upstream, split, mirror } = asMapping(value);
    const { upstream: copies } = asMapping(mirror);
    const sides = asList(split).map((side) => asMapping(side)['upstream']);
    if (typeof copies !== 'string' || copies === '' || ![upstream, ...sides].includes(copies)) return [];
    const path = ['routes', index, 'mirror', 'upstream'];
    return [source.expected(path, 'an upstream that does not get the requests themselves')];
  });
}

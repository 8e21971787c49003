import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { asList } from './raw.js';

/** Routes that don't say where requests go, or say it twice. */
export function splitProblems(source: ConfigSource): ConfigProblem[] {
  return asList(source.valueAt(['routes'])).flatMap((value, index) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    const path = ['routes', index];
    const hasUpstream = source.has([...path, 'upstream']);
    const hasSplit = source.has([...path, 'split']);
    if (hasUpstream && hasSplit)
      return [
        source.problemWithKey([...path, 'split'], 'found `split` beside `upstream`, expected one of them'),
      ];
    return hasUpstream || hasSplit
      ? []
      : [source.expected([...path, 'upstream'], 'the id of an upstream, or `split`')];
  });
}

import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { asMapping } from './raw.js';

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
    return hasUrl || hasTargets
      ? []
      : [source.expected([...path, 'url'], 'an http or https URL, or `targets`')];
  });
}

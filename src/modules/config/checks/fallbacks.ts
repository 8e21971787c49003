import type { ConfigPath } from '../config-path.js';
import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { asMapping } from './raw.js';
import { dangling } from './references.js';

/** Fallback upstreams that are not there, or that lead back to where they began. */
export function fallbackProblems(source: ConfigSource): ConfigProblem[] {
  const upstreams = Object.keys(asMapping(source.valueAt(['upstreams'])));
  const written = [['defaults'], ...upstreams.map((id) => ['upstreams', id])]
    .map((owner) => [...owner, 'fallback', 'upstream'])
    .filter((path) => !source.isInherited(path));
  return [
    ...written.flatMap((path) => dangling(source, path, source.valueAt(path), upstreams, 'upstreams')),
    ...upstreams.flatMap((id) => cycleProblems(source, id, upstreams)),
  ];
}

/** Reported once for each cycle, at the first of its upstreams. */
function cycleProblems(source: ConfigSource, first: string, upstreams: readonly string[]): ConfigProblem[] {
  const chain = [first];
  for (let next = nextOf(source, first); next !== first; next = nextOf(source, next)) {
    if (next === undefined || chain.includes(next)) return [];
    if (upstreams.indexOf(next) < upstreams.indexOf(first)) return [];
    chain.push(next);
  }
  const message = `an upstream whose fallbacks do not lead back: ${[...chain, first].join(' > ')}`;
  return [source.expected(pathOf(first), message)];
}

function nextOf(source: ConfigSource, id: string): string | undefined {
  const next = source.valueAt(pathOf(id));
  return typeof next === 'string' ? next : undefined;
}

function pathOf(id: string): ConfigPath {
  return ['upstreams', id, 'fallback', 'upstream'];
}

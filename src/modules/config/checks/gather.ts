import type { ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';

/** Keys that say how one upstream gets the request of the client, which `gather` does not forward. */
const MEANINGLESS = ['mirror', 'rewrite', 'websocket', 'streamIdleTimeout'];

/** Reports what does not fit a route that makes its answer of several calls. */
export function gatherProblems(route: ConfigValue): ConfigProblem[] {
  const gather = route.at('gather');
  if (!gather.isWritten) return [];
  return [
    ...MEANINGLESS.map((key) => route.at(key))
      .filter((value) => value.isWritten)
      .map((value) => value.problemWithKey(`\`${value.key}\` has no meaning beside \`gather\``)),
    ...methodProblems(route.at('match')),
    ...parameterProblems(route, gather),
  ];
}

function methodProblems(match: ConfigValue): ConfigProblem[] {
  const methods = match.at('methods').items();
  if (!match.isMapping || (methods.length > 0 && methods.every(({ text }) => text === 'GET'))) return [];
  return [match.at('methods').expected('[GET], the only method that `gather` answers')];
}

function parameterProblems(route: ConfigValue, gather: ConfigValue): ConfigProblem[] {
  const pattern = route.at('match', 'path').text;
  if (pattern === undefined) return [];
  const known = parametersOf(pattern);
  const names = known.length === 0 ? 'there are none' : known.join(', ');
  return gather
    .entries()
    .map((part) => part.at('path'))
    .filter(({ text = '' }) => parametersOf(text).some((name) => !known.includes(name)))
    .map((path) => path.expected(`parameters of ${JSON.stringify(pattern)} only (${names})`));
}

function parametersOf(path: string): string[] {
  return path.match(/\{\w+\}/g) ?? [];
}

import type { z } from 'zod';
import { headerTemplateProblems } from './checks/path-parameters.js';
import { unknownId, withoutProvider } from './checks/references.js';
import { type ConfigProblem, sortProblems } from './problem.js';
import { codeRouteSchema, keysOfForwarding } from './schema/route.js';
import { validate } from './schema/validate.js';
import { ConfigValue } from './source/config-value.js';
import { nodeOf } from './source/source-node.js';

/** Options of a route of the configuration, for a handler of code: `{ scopes: ['orders:read'], cache: { ttl: '1m' } }`. */
export type CodeRouteOptions = z.input<typeof codeRouteSchema>;
export type CodeRouteConfig = z.output<typeof codeRouteSchema>;

interface CodeRouteContext {
  /** Ids under `auth`. */
  readonly providers: readonly string[];
  /** Ids under `plugins`, and whether each offers hooks. */
  readonly plugins: ReadonlyMap<string, boolean>;
  /** Path of the handler, in the form of `match.path`. */
  readonly pattern: string;
}

/**
 * Checks options as if they were written in the file.
 *
 * @returns the problems in the words of those of a file, in the order of the options; their positions mean nothing
 */
export function codeRouteProblems(
  options: CodeRouteOptions,
  { providers, plugins, pattern }: CodeRouteContext,
): ConfigProblem[] {
  const value = new ConfigValue(nodeOf(options));
  const auth = value.at('auth');
  const pluginIds = [...plugins.keys()];
  return sortProblems([
    ...validate(codeRouteSchema, value).problems.filter(({ path }) => !keysOfForwarding.includes(path)),
    ...[...value.written(keysOfForwarding), ...auth.written(['forward'])].map(meaninglessInCode),
    ...value
      .all('auth.provider', 'auth.provider[]')
      .filter(({ text: id }) => id !== undefined && !providers.includes(id))
      .map((id) => unknownId(id, 'auth', providers)),
    ...value.all('plugins[]').flatMap((id) => {
      if (id.text === undefined || plugins.get(id.text)) return [];
      return plugins.has(id.text)
        ? [id.expected('a plugin that offers hooks')]
        : [unknownId(id, 'plugins', pluginIds)];
    }),
    ...headerTemplateProblems(value, pattern),
    ...withoutProvider(auth, providers.length > 0),
    ...(auth.value === 'none' ? value.written(['scopes']).map((scopes) => scopes.beside('auth: none')) : []),
  ]);
}

function meaninglessInCode(option: ConfigValue): ConfigProblem {
  const why =
    option.key === 'id' || option.key === 'match'
      ? 'its own decorators say which requests it gets'
      : 'it answers by itself, and nothing is forwarded';
  return option.meaningless(`for a handler of code: ${why}`);
}

import type { z } from 'zod';
import { unknownId } from './checks/references.js';
import { type ConfigProblem, sortProblems } from './problem.js';
import { codeRouteSchema } from './schema/route.js';
import { validate } from './schema/validate.js';
import { ConfigValue } from './source/config-value.js';
import { nodeOf } from './source/node-of.js';

/** Options of a route of the configuration, for a handler of code: `{ scopes: ['orders:read'], cache: { ttl: '1m' } }`. */
export type CodeRouteOptions = z.input<typeof codeRouteSchema>;
export type CodeRouteConfig = z.output<typeof codeRouteSchema>;

/** @returns `undefined` for invalid options, of which `codeRouteProblems` tells */
export function parseCodeRoute(options: CodeRouteOptions): CodeRouteConfig | undefined {
  return codeRouteSchema.safeParse(options).data;
}

/**
 * Checks options as if they were written in the file.
 *
 * @param providers ids under `auth`
 * @returns the problems in the words of those of a file, in the order of the options; their positions mean nothing
 */
export function codeRouteProblems(options: CodeRouteOptions, providers: readonly string[]): ConfigProblem[] {
  const value = new ConfigValue(nodeOf(options));
  const auth = value.at('auth');
  const forward = auth.at('forward');
  const provider = auth.at('provider');
  return sortProblems([
    ...validate(codeRouteSchema, value).problems,
    ...[provider, ...provider.items()]
      .filter(({ text: id }) => id !== undefined && !providers.includes(id))
      .map((id) => unknownId(id, 'auth', providers)),
    ...(auth.isMapping && providers.length === 0 && !provider.isWritten
      ? [auth.expected('`none`, or a provider under the top-level `auth`: there is none')]
      : []),
    ...(forward.isWritten ? [forward.problemWithKey('`forward` has no meaning for a handler of code')] : []),
    ...(auth.value === 'none' && value.at('scopes').isWritten
      ? [value.at('scopes').problemWithKey('found `scopes` beside `auth: none`, expected one of them')]
      : []),
  ]);
}

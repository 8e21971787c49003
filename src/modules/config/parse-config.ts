import { checkAuthKeys } from './checks/auth-keys.js';
import { duplicateRouteProblems } from './checks/duplicate-routes.js';
import { fallbackProblems } from './checks/fallbacks.js';
import { idProblems } from './checks/ids.js';
import { referenceProblems } from './checks/references.js';
import { mirrorProblems } from './checks/mirrors.js';
import { rewriteProblems } from './checks/rewrites.js';
import { redisProblems } from './checks/redis.js';
import { serverProblems } from './checks/server.js';
import { splitProblems } from './checks/splits.js';
import { targetProblems } from './checks/targets.js';
import { completeConfig } from './complete.js';
import { upstreamTlsProblems } from './checks/upstream-tls.js';
import { deepFreeze } from './freeze.js';
import type { GatewayConfig } from './gateway-config.js';
import { lintConfig } from './lint.js';
import { type ConfigProblem, sortProblems } from './problem.js';
import { gatewaySchema } from './schema/gateway.js';
import { validate } from './schema/validate.js';
import { ConfigSource } from './source/config-source.js';
import { mergeDefaults } from './source/merge-defaults.js';
import { readYaml } from './source/read-yaml.js';
import { ReferencedFiles } from './source/referenced-files.js';

/** A configuration that may be run, or everything that is wrong with it; both in the order of the file. */
export type ConfigResult =
  | { readonly ok: true; readonly config: GatewayConfig; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface ParseOptions {
  /** Path of the file that `text` is from; file names in it are relative to its folder. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads secrets and keys; throws when it can't, which becomes a problem. */
  readonly readFile: (path: string) => string;
}

/**
 * Makes a frozen configuration of the text of a file. Does not throw: what the user got wrong is in
 * the result, all of it and not only the first.
 */
export function parseConfig(text: string, { file, env, readFile }: ParseOptions): ConfigResult {
  const files = new ReferencedFiles(file, readFile);
  const sources = { env, files };
  const reading = readYaml(text, sources);
  if (!reading.root) return { ok: false, problems: sortProblems(reading.problems) };

  const source = new ConfigSource(mergeDefaults(reading.root));
  const validation = validate(gatewaySchema, source);
  const keys = checkAuthKeys(source, sources);
  const problems = [
    ...reading.problems,
    ...validation.problems,
    ...keys.problems,
    ...idProblems(source),
    ...referenceProblems(source),
    ...fallbackProblems(source),
    ...duplicateRouteProblems(source),
    ...rewriteProblems(source),
    ...splitProblems(source),
    ...mirrorProblems(source),
    ...targetProblems(source),
    ...upstreamTlsProblems(source),
    ...serverProblems(source),
    ...redisProblems(source),
  ];
  if (!validation.parsed || problems.length > 0) return { ok: false, problems: sortProblems(problems) };

  const config = deepFreeze(completeConfig(validation.parsed, keys));
  const warnings = lintConfig(config, source).map(({ path, message }) => source.problem(path, message));
  return { ok: true, config, warnings: sortProblems(eachOnce(warnings)) };
}

/** What is inherited from `defaults` is found with every upstream, and is at one place. */
function eachOnce(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...new Map(problems.map((each) => [`${each.path}\n${each.message}`, each])).values()];
}

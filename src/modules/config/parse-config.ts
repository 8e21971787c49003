import { dirname, resolve } from 'node:path';
import { checkProviders } from './checks/auth.js';
import { idProblems, referenceProblems } from './checks/references.js';
import { routeProblems, upstreamProblems } from './checks/routes-and-upstreams.js';
import { portProblems, redisProblems } from './checks/server.js';
import { checkServerTls } from './checks/server-tls.js';
import { tlsProblems } from './checks/tls.js';
import type { GatewayConfig } from './gateway-config.js';
import { type LintWarning, lintConfig } from './lints/lint.js';
import { type PluginSources, pluginSourcesOf } from './plugins/plugin-sources.js';
import { type ConfigProblem, sortProblems } from './problem.js';
import { frozen } from './reload/config-text.js';
import { gatewaySchema } from './schema/gateway.js';
import { validate } from './schema/validate.js';
import { ConfigValue } from './source/config-value.js';
import { mergeDefaults } from './source/merge-defaults.js';
import { readYaml } from './source/read-yaml.js';
import type { Sources } from './source/substitute.js';

/** What was made of a file, or everything that is wrong with it; both in the order of the file. */
export type Checked<T> = (
  | ({ readonly ok: true; readonly warnings: readonly LintWarning[] } & T)
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }
) & {
  /** Of a file with plugins, for `pluginProblems`. */
  readonly plugins?: PluginSources | undefined;
};

export type ConfigResult = Checked<{ readonly config: GatewayConfig }>;

const CHECKS = [
  idProblems,
  referenceProblems,
  routeProblems,
  upstreamProblems,
  tlsProblems,
  portProblems,
  redisProblems,
];

/**
 * Parses the text of a file into a frozen configuration. It does not throw: the result contains every problem, except for
 * those that plugins find in their options.
 */
export function parseConfig(text: string, sources: Sources): ConfigResult {
  const reading = readYaml(text, sources);
  if (!reading.root) return { ok: false, problems: sortProblems(reading.problems) };

  const merged = mergeDefaults(reading.root);
  const root = new ConfigValue(merged);
  const plugins = pluginSourcesOf(merged, root, sources.file, text);
  const { parsed, problems: invalid } = validate(gatewaySchema, root);
  const providers = checkProviders(root, sources);
  const serverTls = checkServerTls(root, sources);
  const problems = [
    ...reading.problems,
    ...invalid,
    ...[...providers.values()].flatMap((provider) => provider.problems),
    ...serverTls.problems,
    ...CHECKS.flatMap((check) => check(root, parsed)),
  ];
  if (!parsed || problems.length > 0) return { ok: false, problems: inOrder(problems), plugins };

  for (const [id, { publicKey, apiKeys = [] }] of providers) {
    const provider = parsed.auth[id];
    if (provider && publicKey !== undefined) provider.publicKey = publicKey;
    if (provider && apiKeys.length > 0) provider.apiKeys = [...(provider.apiKeys ?? []), ...apiKeys];
  }
  const folder = dirname(resolve(sources.file));
  for (const plugin of Object.values(parsed.plugins)) plugin.folder = folder;
  if (parsed.state.file !== undefined) parsed.state.file = resolve(folder, parsed.state.file);
  const { tls } = parsed.server;
  if (tls) {
    Object.assign(tls, serverTls.pems);
    for (const [i, pems] of serverTls.sni.entries()) Object.assign(tls.sni[i] ?? {}, pems);
  }
  // The image sets it, since nothing outside of a container reaches its loopback interface.
  const host = sources.env['MANAGEMENT_HOST'];
  if (host && !root.at('management', 'host').isWritten) parsed.management.host = host;
  const config = frozen(parsed);
  return { ok: true, config, warnings: inOrder(lintConfig(config, root)), plugins };
}

/** Each problem once: a value that upstreams inherit from `defaults` is found with each of them, but stands at one place. */
function inOrder<T extends ConfigProblem>(problems: readonly T[]): T[] {
  const keyOf = ({ file, path, message }: T) => JSON.stringify([file, path, message]);
  return sortProblems([...new Map(problems.map((each) => [keyOf(each), each])).values()]);
}

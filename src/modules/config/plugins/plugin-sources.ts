import { dirname, resolve } from 'node:path';
import type { GatewayConfig } from '../gateway-config.js';
import type { ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';
import { nodeOf, type SourceNode } from '../source/source-node.js';
import { isBalancerName } from '../schema/balancer.js';
import { PLUGIN_KINDS } from './define-plugin.js';
import type { PluginKind } from './plugin.types.js';

/**
 * What a file says about plugins, as plain data: the thread that reads the file cannot check it, because the plugins are
 * in the main thread.
 */
export interface PluginSources {
  /** Absolute path of the folder of the configuration. */
  readonly folder: string;
  /** The text of the file. */
  readonly text: string;
  /** The value of `plugins`. */
  readonly section: SourceNode;
  readonly uses: readonly PluginUse[];
}

/** A place that names a plugin, with the problem that it is if the plugin is of another kind. */
interface PluginUse {
  readonly id: string;
  readonly kind: PluginKind;
  readonly problem: ConfigProblem;
}

/** Where plugins are named, and the kind that is needed there. */
const REFERENCES: readonly (readonly [PluginKind, ...paths: string[]])[] = [
  ['hooks', 'routes[].plugins[]'],
  ['auth', 'auth.*.plugin'],
  ['balancer', 'defaults.balancer', 'upstreams.*.balancer'],
  ['fallback', 'defaults.fallback.plugin', 'upstreams.*.fallback.plugin'],
];

/** @returns the places that name plugins, with the kind that each of them needs */
export function pluginReferences(
  config: ConfigValue,
): { readonly id: ConfigValue; readonly kind: PluginKind }[] {
  return REFERENCES.flatMap(([kind, ...paths]) => config.all(...paths).map((id) => ({ id, kind }))).filter(
    ({ id, kind }) => !id.isInherited && !(kind === 'balancer' && isBalancerName(id.value)),
  );
}

/** @returns `undefined` for a file without plugins */
export function pluginSourcesOf(
  root: SourceNode,
  config: ConfigValue,
  file: string,
  text: string,
): PluginSources | undefined {
  const section = root.children?.get('plugins');
  if (!section) return undefined;
  const uses = pluginReferences(config).flatMap(({ id, kind }) =>
    id.text === undefined
      ? []
      : [{ id: id.text, kind, problem: id.expected(`a plugin that offers ${PLUGIN_KINDS[kind]}`) }],
  );
  return { folder: dirname(resolve(file)), text, section, uses };
}

/** The same for plugins of a checked configuration, whose positions are not known. */
export function pluginSourcesIn(plugins: GatewayConfig['plugins']): PluginSources | undefined {
  const [first] = Object.values(plugins);
  const section = nodeOf({ plugins }).children?.get('plugins');
  return first && section && { folder: first.folder, text: '', section, uses: [] };
}

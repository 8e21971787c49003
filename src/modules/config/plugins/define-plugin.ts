import type { Plugin, PluginKind } from './plugin.types.js';

/** Every kind, and what it is called in messages. */
export const PLUGIN_KINDS: Readonly<Record<PluginKind, string>> = {
  hooks: 'hooks',
  auth: 'authentication',
  balancer: 'a balancer',
  fallback: 'a fallback',
};

/**
 * Gives the parts of a plugin their types.
 *
 * @throws TypeError for a plugin without a name, without any kind, or with a kind that is no function
 */
export function definePlugin<Options = Record<string, never>>(plugin: Plugin<Options>): Plugin {
  const fault = pluginFault(plugin);
  if (fault !== undefined) throw new TypeError(`definePlugin: ${fault}`);
  return plugin;
}

/** @returns the kinds that a plugin offers */
export function kindsOf(plugin: Plugin): PluginKind[] {
  return (Object.keys(PLUGIN_KINDS) as PluginKind[]).filter((kind) => plugin[kind] !== undefined);
}

/** @returns why a value is no plugin; `undefined` if it is one */
export function pluginFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it is no object of definePlugin()';
  const plugin = value as Plugin;
  if (typeof plugin.name !== 'string' || plugin.name === '') return 'it has no name';
  const kinds = kindsOf(plugin);
  if (kinds.length === 0) return `it offers none of ${Object.keys(PLUGIN_KINDS).join(', ')}`;
  const wrong = kinds.find((kind) => typeof plugin[kind] !== 'function');
  if (wrong !== undefined) return `\`${wrong}\` is no function`;
  if (plugin.options !== undefined && typeof plugin.options.safeParse !== 'function')
    return '`options` is no schema of zod';
  return undefined;
}

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
 * @throws TypeError for a plugin without a name, without any kind, or with a kind that is not a function
 */
export function definePlugin<Options = Record<string, never>>(plugin: Plugin<Options>): Plugin {
  const fault = pluginFault(plugin, 'the plugin');
  if (fault !== undefined) throw new TypeError(`definePlugin: ${fault}`);
  return plugin;
}

/** @returns the kinds that a plugin offers */
export function kindsOf(plugin: Plugin): PluginKind[] {
  return (Object.keys(PLUGIN_KINDS) as PluginKind[]).filter((kind) => plugin[kind] !== undefined);
}

/**
 * @param what the words for the value
 * @returns why a value is not a plugin; `undefined` if it is one
 */
export function pluginFault(value: unknown, what: string): string | undefined {
  if (typeof value !== 'object' || value === null) return `${what} was not made by definePlugin()`;
  const plugin = value as Plugin;
  if (typeof plugin.name !== 'string' || plugin.name === '') return `${what} has no name`;
  const kinds = kindsOf(plugin);
  if (kinds.length === 0) return `${what} offers none of ${Object.keys(PLUGIN_KINDS).join(', ')}`;
  const wrong = kinds.find((kind) => typeof plugin[kind] !== 'function');
  if (wrong !== undefined) return `\`${wrong}\` of ${what} is not a function`;
  if (plugin.options !== undefined && typeof plugin.options.safeParse !== 'function')
    return `\`options\` of ${what} is not a zod schema`;
  return undefined;
}

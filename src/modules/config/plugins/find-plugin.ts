import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pluginFault } from './define-plugin.js';
import type { Plugin } from './plugin.types.js';

/** What plugins import of the gateway. */
const OWN_MODULE = 'breakwater/plugin';

export interface PluginOptions {
  /** Plugins that are given in code. */
  readonly given?: readonly Plugin[] | undefined;
  /** Whether modules that are not loaded yet can be. Default: true. */
  readonly mayLoad?: boolean;
}

/** The plugin of a module, or why it has none. */
type Found = { readonly plugin: Plugin } | { readonly failure: string };

/** By absolute path. Node loads a module once, so a module that has changed needs a restart. */
const loaded = new Map<string, Found>();
let areHooksRegistered = false;

/**
 * @param use name of a given plugin, package, or path relative to the folder
 * @param folder absolute
 * @returns `undefined` for a module that must not be loaded now
 */
export function findPlugin(
  use: string,
  folder: string,
  { given = [], mayLoad = true }: PluginOptions,
): Found | undefined {
  const plugin = given.find(({ name }) => name === use);
  if (plugin) return { plugin };
  // A name in the folder, whose look-up begins there.
  const require = createRequire(join(folder, 'config'));
  let path: string;
  try {
    path = require.resolve(use);
  } catch {
    return { failure: `there is none in ${folder}${/^[./]/.test(use) ? '' : '; a path begins with ./'}` };
  }
  const known = loaded.get(path);
  if (known ?? !mayLoad) return known;
  findOwnModule();
  const found = load(require, path);
  // A module that has failed may be repaired.
  if ('plugin' in found) loaded.set(path, found);
  return found;
}

function load(require: NodeJS.Require, path: string): Found {
  try {
    const exported = require(path) as { readonly default?: unknown };
    const value = exported.default ?? exported;
    const fault = pluginFault(value);
    // `pluginFault` has checked it.
    return fault === undefined ? { plugin: value as Plugin } : { failure: `of its default export, ${fault}` };
  } catch (error) {
    const isAsync = (error as NodeJS.ErrnoException | null)?.code === 'ERR_REQUIRE_ASYNC_MODULE';
    const [reason] = String(error).split('\n');
    return { failure: isAsync ? 'it has an `await` outside of functions' : `it cannot be loaded: ${reason}` };
  }
}

/** Lets a module anywhere import `breakwater/plugin`, also where no package of that name is installed. */
function findOwnModule(): void {
  if (areHooksRegistered) return;
  areHooksRegistered = true;
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== OWN_MODULE) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch {
        return { url: new URL('../../../plugin.js', import.meta.url).href, shortCircuit: true };
      }
    },
  });
}

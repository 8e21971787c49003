import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { reasonOf } from '../../../common/errors/fault.js';
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
/** While `resolvePlugin` looks for what a package exports for `import`. */
let isForImport = false;

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
  registerResolution();
  // A name in the folder, whose look-up begins there.
  const require = createRequire(join(folder, 'config'));
  let path: string;
  try {
    path = resolvePlugin(require, use);
  } catch (error) {
    return { failure: notFound(error, use, folder) };
  }
  const before = loaded.get(path);
  if (before && 'plugin' in before) return before;
  if (!mayLoad) return undefined;
  // A module that has failed may be repaired, but once it has run, Node keeps what came of it.
  const found = load(require, path);
  loaded.set(path, found);
  if (!before || !('failure' in found) || found.failure !== before.failure) return found;
  return { failure: `${found.failure}; a repaired module needs a restart of the gateway` };
}

/** @throws Error of Node's when there is no such module */
function resolvePlugin(require: NodeJS.Require, use: string): string {
  try {
    return require.resolve(use);
  } catch (error) {
    if (codeOf(error) !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
  }
  // Many packages export modules for `import` only, which can be required all the same.
  isForImport = true;
  try {
    return require.resolve(use);
  } finally {
    isForImport = false;
  }
}

function notFound(error: unknown, use: string, folder: string): string {
  const [reason = ''] = reasonOf(error).split('\n');
  // A package that is there can name a file that is not.
  const isMissing = codeOf(error) === 'MODULE_NOT_FOUND' && reason.includes(`'${use}'`);
  if (!isMissing) return `it cannot be found: ${reason}`;
  if (use.startsWith('.')) return `no such file; paths are relative to ${folder}`;
  return use.startsWith('/') ? 'no such file' : `no such package in ${folder} or above; paths begin with ./`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function load(require: NodeJS.Require, path: string): Found {
  try {
    const exported = require(path) as { readonly default?: unknown };
    const value = exported.default ?? exported;
    const failure = pluginFault(value, 'its default export');
    // `pluginFault` has checked it.
    return failure === undefined ? { plugin: value as Plugin } : { failure };
  } catch (error) {
    const isAsync = codeOf(error) === 'ERR_REQUIRE_ASYNC_MODULE';
    const [reason] = String(error).split('\n');
    return { failure: isAsync ? 'it has an `await` outside of functions' : `it cannot be loaded: ${reason}` };
  }
}

/**
 * Lets a module anywhere import `breakwater/plugin`, also where no package of that name is installed, and `resolvePlugin`
 * look for what packages export for `import`.
 */
function registerResolution(): void {
  if (areHooksRegistered) return;
  areHooksRegistered = true;
  registerHooks({
    resolve(specifier, context, next) {
      if (isForImport) return next(specifier, { ...context, conditions: [...context.conditions, 'import'] });
      if (specifier !== OWN_MODULE) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch {
        return { url: new URL('../../../plugin.js', import.meta.url).href, shortCircuit: true };
      }
    },
  });
}

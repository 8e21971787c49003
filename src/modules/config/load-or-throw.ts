import { Logger } from '@nestjs/common';
import type { GatewayConfig } from './gateway-config.js';
import { type ConfigSource, loadConfigFile } from './load-config-file.js';
import type { Plugin } from './plugins/plugin.types.js';
import { type ConfigProblem, formatProblems } from './problem.js';

export interface ConfigFileOptions {
  /** Path of the configuration. Without it, `config` is given. */
  readonly configFile?: string;
  /** A configuration of `parseConfig`. No file is watched then. */
  readonly config?: GatewayConfig;
  /** Plugins that entries of `plugins` can name beside packages and paths. */
  readonly plugins?: readonly Plugin[];
}

export interface LoadedFile {
  readonly config: GatewayConfig;
  readonly source: ConfigSource | undefined;
}

/** The configuration cannot be used. The message lists every problem, as `breakwater check` does. */
export class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError';

  constructor(
    readonly file: string,
    readonly problems: readonly ConfigProblem[],
  ) {
    const count = `${problems.length} problem${problems.length === 1 ? '' : 's'}`;
    super(`${formatProblems(file, problems)}\n\n${count} in ${file}.`);
  }
}

/**
 * Loads the configuration of an application, and logs its warnings.
 *
 * @throws InvalidConfigError when it has problems
 */
export function loadOrThrow({ configFile = 'gateway.yaml', config, plugins }: ConfigFileOptions): LoadedFile {
  if (config) return { config, source: undefined };
  const loaded = loadConfigFile(configFile, process.env, undefined, plugins);
  if (!loaded.ok) throw new InvalidConfigError(configFile, loaded.problems);
  if (loaded.warnings.length > 0)
    new Logger('Config').warn(`Warnings:\n${formatProblems(configFile, loaded.warnings)}`);
  return loaded;
}

import { Logger } from '@nestjs/common';
import type { GatewayConfig } from './gateway-config.js';
import { type ConfigSource, loadConfigFile } from './load-config-file.js';
import type { Plugin } from './plugins/plugin.types.js';
import { type ConfigProblem, formatProblems } from './problem.js';

export interface ConfigFileOptions {
  /** Path of the configuration. Default: `gateway.yaml`, unless `config` is given. */
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
 * @throws TypeError when both a file and a configuration are given
 */
export function loadOrThrow({ configFile, config, plugins }: ConfigFileOptions): LoadedFile {
  if (config && configFile !== undefined) throw new TypeError('Give `configFile` or `config`, not both.');
  if (config) return { config, source: undefined };
  const file = configFile ?? 'gateway.yaml';
  const loaded = loadConfigFile(file, process.env, undefined, plugins);
  if (!loaded.ok) throw new InvalidConfigError(file, loaded.problems);
  if (loaded.warnings.length > 0)
    new Logger('Config').warn(`Warnings:\n${formatProblems(file, loaded.warnings)}`);
  return loaded;
}

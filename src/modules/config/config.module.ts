import { type DynamicModule, Global, Module, type ModuleMetadata } from '@nestjs/common';
import { type Clock, systemClock } from '../../common/clock.js';
import { ConfigStore } from './config.store.js';
import { CLOCK, CONFIG_SOURCE, PLUGINS, PROCESS_ROLE, type ProcessRole, RANDOM } from './config.tokens.js';
import { type ConfigFileOptions, type LoadedFile, loadOrThrow } from './load-or-throw.js';
import type { ConfigSource } from './load-config-file.js';
import { LogLevel } from './log-level.js';
import { ManagementToken } from './management-token.js';
import type { Plugin } from './plugins/plugin.types.js';
import { ConfigReloader } from './reload/config-reloader.js';

/** The injected `LoadedFile` of an application that is configured by a file. */
const LOADED = Symbol('breakwater:loaded');

/** Makes the configuration, the clock and the source of random numbers injectable everywhere. */
@Global()
@Module({
  providers: [{ provide: RANDOM, useValue: Math.random }, ConfigReloader, LogLevel, ManagementToken],
  exports: [ConfigStore, ConfigReloader, LogLevel, ManagementToken, CLOCK, RANDOM, PLUGINS, PROCESS_ROLE],
})
export class ConfigModule {
  /** @param source of the configuration; without it, no file is watched */
  static register(
    store: ConfigStore,
    source: ConfigSource | undefined,
    role: ProcessRole,
    clock: Clock = systemClock,
    plugins: readonly Plugin[] = [],
  ): DynamicModule {
    const providers = [
      { provide: CLOCK, useValue: clock },
      { provide: ConfigStore, useValue: store },
      { provide: CONFIG_SOURCE, useValue: source },
      { provide: PROCESS_ROLE, useValue: role },
      { provide: PLUGINS, useValue: plugins },
    ];
    return { module: ConfigModule, providers };
  }

  /**
   * Loads the file while the application starts. A file that is invalid stops the start.
   *
   * @param options of the module that names the file, and their token, which is injectable everywhere as well
   */
  static fromFile(token: symbol | string, options: ModuleMetadata): DynamicModule {
    return {
      module: ConfigModule,
      imports: options.imports ?? [],
      providers: [
        ...(options.providers ?? []),
        { provide: CLOCK, useValue: systemClock },
        { provide: LOADED, inject: [token], useFactory: loadOrThrow },
        {
          provide: ConfigStore,
          inject: [LOADED],
          useFactory: ({ config }: LoadedFile) => new ConfigStore(config),
        },
        { provide: CONFIG_SOURCE, inject: [LOADED], useFactory: ({ source }: LoadedFile) => source },
        { provide: PROCESS_ROLE, useValue: 'only' satisfies ProcessRole },
        { provide: PLUGINS, inject: [token], useFactory: ({ plugins = [] }: ConfigFileOptions) => plugins },
      ],
      exports: [token],
    };
  }
}

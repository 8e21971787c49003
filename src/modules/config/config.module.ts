import { type DynamicModule, Global, Module } from '@nestjs/common';
import { systemClock } from '../../common/clock.js';
import { ConfigStore } from './config.store.js';
import { CLOCK, CONFIG_SOURCE, PROCESS_ROLE, type ProcessRole, RANDOM } from './config.tokens.js';
import type { ConfigSource } from './load-config-file.js';
import { ConfigReloader } from './reload/config-reloader.js';

/** Makes the configuration, the clock and the source of random numbers injectable everywhere. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useValue: systemClock },
    { provide: RANDOM, useValue: Math.random },
    ConfigReloader,
  ],
  exports: [ConfigStore, ConfigReloader, CLOCK, RANDOM, PROCESS_ROLE],
})
export class ConfigModule {
  /** @param source of the configuration; without it, no file is watched */
  static register(store: ConfigStore, source: ConfigSource | undefined, role: ProcessRole): DynamicModule {
    const providers = [
      { provide: ConfigStore, useValue: store },
      { provide: CONFIG_SOURCE, useValue: source },
      { provide: PROCESS_ROLE, useValue: role },
    ];
    return { module: ConfigModule, providers };
  }
}

import { ConfigurableModuleBuilder, Global, Module } from '@nestjs/common';
import { systemClock } from '../../common/clock.js';
import { ConfigStore } from './config.store.js';
import { CLOCK, RANDOM } from './config.tokens.js';
import type { GatewayConfig } from './gateway-config.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<GatewayConfig>().build();

/** Makes the configuration, the clock and the source of random numbers injectable everywhere. */
@Global()
@Module({
  providers: [
    {
      provide: ConfigStore,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (config: GatewayConfig) => new ConfigStore(config),
    },
    { provide: CLOCK, useValue: systemClock },
    { provide: RANDOM, useValue: Math.random },
  ],
  exports: [ConfigStore, CLOCK, RANDOM],
})
export class ConfigModule extends ConfigurableModuleClass {}

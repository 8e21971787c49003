import { type DynamicModule, Global, Module } from '@nestjs/common';
import { systemClock } from '../../common/clock.js';
import { ConfigStore } from './config.store.js';
import { CLOCK, RANDOM } from './config.tokens.js';
import type { GatewayConfig } from './gateway-config.js';

/** Makes the configuration, the clock and the source of random numbers injectable everywhere. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useValue: systemClock },
    { provide: RANDOM, useValue: Math.random },
  ],
  exports: [ConfigStore, CLOCK, RANDOM],
})
export class ConfigModule {
  static register(config: GatewayConfig): DynamicModule {
    const store = { provide: ConfigStore, useValue: new ConfigStore(config) };
    return { module: ConfigModule, providers: [store] };
  }
}

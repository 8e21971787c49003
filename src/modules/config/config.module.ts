import { type DynamicModule, Global, Module } from '@nestjs/common';
import { systemClock, type Clock } from '../../common/clock.js';
import { ConfigStore } from './config.store.js';
import { CLOCK, RANDOM } from './config.tokens.js';
import type { GatewayConfig } from './gateway-config.js';

/** Makes the configuration, the clock and chance injectable everywhere. */
@Global()
@Module({})
export class ConfigModule {
  static register(config: GatewayConfig, clock: Clock = systemClock): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: ConfigStore, useValue: new ConfigStore(config) },
        { provide: CLOCK, useValue: clock },
        { provide: RANDOM, useValue: Math.random },
      ],
      exports: [ConfigStore, CLOCK, RANDOM],
    };
  }
}

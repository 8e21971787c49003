import type { GatewayConfig } from './gateway-config.js';

/** Holds the configuration in force: one reference, replaced whole. */
export class ConfigStore {
  constructor(private config: GatewayConfig) {}

  get current(): GatewayConfig {
    return this.config;
  }
}

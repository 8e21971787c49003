import type { GatewayConfig } from './gateway-config.js';

/** Holds the configuration in force: one reference, replaced whole. */
export class ConfigStore {
  constructor(readonly current: GatewayConfig) {}
}

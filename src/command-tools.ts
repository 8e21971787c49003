import type { Option } from 'commander';
import type { GatewayConfig } from './modules/config/gateway-config.js';

/** What commands have in common. */
export interface CommandTools {
  readonly configOption: () => Option;
  /** @returns nothing when there are problems, which were printed */
  readonly load: (file: string) => Promise<GatewayConfig | undefined>;
  readonly printTable: (rows: readonly (readonly string[])[]) => void;
  /** Prints an error, and sets the exit code. */
  readonly fail: (message: string) => void;
}

/** Milliseconds that the management port has for an answer. */
export const MANAGEMENT_TIMEOUT_MS = 3_000;

/** @returns the management port of the gateway that runs with a configuration, for programs on its machine */
export function managementUrl({ management: { host, port } }: GatewayConfig): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

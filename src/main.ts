import 'reflect-metadata';
import { Gateway } from './gateway.js';
import { listenFailure } from './listen-failure.js';
import { JsonLogger } from './logger.js';
import type { GatewayConfig } from './modules/config/gateway-config.js';

/**
 * Runs the gateway until a signal stops it.
 *
 * @returns the message to print when the gateway cannot start
 */
export async function run(config: GatewayConfig): Promise<string | undefined> {
  const logger = new JsonLogger(config.log.level);
  let gateway: Gateway;
  try {
    gateway = await Gateway.start(config, { logger });
  } catch (error) {
    const message = listenFailure(error);
    if (message === undefined) throw error;
    return message;
  }
  gateway.shutDownOnSignals();
  // Log this last, because a process that reads the line can send a signal immediately.
  const { address, managementAddress, url, managementUrl } = gateway;
  logger.log({ message: 'listening', address, managementAddress, url, managementUrl }, 'Gateway');
  return undefined;
}

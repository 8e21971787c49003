import 'reflect-metadata';
import { Gateway } from './gateway.js';
import { listenFailure } from './listen-failure.js';
import { JsonLogger } from './logger.js';
import type { GatewayConfig } from './modules/config/gateway-config.js';

/**
 * Runs the gateway until a signal stops it. SIGTERM drains. SIGINT (Ctrl-C) drains without the delay, which only a
 * load balancer needs. A second signal of either kind ends the process immediately.
 *
 * @returns the message to print when the gateway cannot start
 */
export async function run(config: GatewayConfig): Promise<string | undefined> {
  const logger = new JsonLogger();
  let gateway: Gateway;
  try {
    gateway = await Gateway.start(config, { logger });
  } catch (error) {
    const message = listenFailure(error);
    if (message === undefined) throw error;
    return message;
  }
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.log({ message: 'draining', signal }, 'Gateway');
    const { delay, drain } = config.server.shutdown;
    void gateway.shutdown({ delay: signal === 'SIGTERM' ? delay : 0, drain }).then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Log this last, because a process that reads the line can send a signal immediately.
  logger.log({ message: 'listening', url: gateway.url, managementUrl: gateway.managementUrl }, 'Gateway');
  return undefined;
}

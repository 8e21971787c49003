import 'reflect-metadata';
import { Gateway } from './gateway.js';
import { JsonLogger } from './logger.js';
import type { GatewayConfig } from './modules/config/gateway-config.js';

/**
 * Runs the gateway until it is told to stop: SIGTERM drains, SIGINT (Ctrl-C) drains without the delay that
 * only a load balancer needs, and a second one of either ends at once.
 *
 * @returns the message to end with when it cannot start
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
  // Last: whoever reads this may send a signal at once.
  logger.log({ message: 'listening', url: gateway.url, managementUrl: gateway.managementUrl }, 'Gateway');
  return undefined;
}

type ListenError = NodeJS.ErrnoException & { address?: string; hostname?: string; port?: number };

function listenFailure(error: unknown): string | undefined {
  const { code, address, hostname, port } = error as ListenError;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${address} is in use. Stop what listens there, or set another server.port or management.port.`;
    case 'EACCES':
      return `Not allowed to listen on port ${port} of ${address}. Ports below 1024 need a privilege; choose a higher one.`;
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${address}. Set server.host or management.host to one it has, or to 0.0.0.0.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `No address was found for ${hostname}. Set server.host or management.host to an address of this machine, or to 0.0.0.0.`;
    default:
      return undefined;
  }
}

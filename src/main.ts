import 'reflect-metadata';
import { Gateway } from './gateway.js';
import { listenFailure } from './listen-failure.js';
import { JsonLogger } from './logger.js';
import type { GatewayConfig } from './modules/config/gateway-config.js';
import type { ConfigSource } from './modules/config/load-config-file.js';
import { LogLevel } from './modules/config/log-level.js';
import { ProcessEnd } from './process-end.js';
import { workerCount } from './workers/share.js';

/**
 * Runs the gateway until a signal stops it.
 *
 * @returns the message to print when the gateway cannot start
 */
export async function run(config: GatewayConfig, source: ConfigSource): Promise<string | undefined> {
  const workers = workerCount(config);
  if (workers > 1) {
    const { runWorkers } = await import('./workers/primary.js');
    return runWorkers(config, source, workers);
  }
  const logger = new JsonLogger(config.log.level);
  let gateway: Gateway;
  try {
    gateway = await Gateway.start(config, { logger, source });
  } catch (error) {
    const message = listenFailure(error);
    if (message === undefined) throw error;
    return message;
  }
  gateway.app.get(LogLevel).changed.on((level) => (logger.level = level));
  const end = new ProcessEnd(gateway);
  end.onUncaughtErrors();
  gateway.shutDownOnSignals(end);
  // Log this last, because a process that reads the line can send a signal immediately.
  const { address, managementAddress, url, managementUrl } = gateway;
  const { hash } = source;
  logger.log(
    { message: 'listening', revision: 1, hash, address, managementAddress, url, managementUrl },
    'Gateway',
  );
  return undefined;
}

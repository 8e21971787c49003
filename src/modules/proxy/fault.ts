import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../../common/errors/problem.js';
import type { FaultConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';

/**
 * Delays or fails a share of the requests of a route, as a drill.
 *
 * @returns whether the client is still there
 * @throws ProblemError `fault_injected` with the status that the drill asks for
 */
export async function injectFault(exchange: Exchange, { delay, abort }: FaultConfig): Promise<boolean> {
  if (delay && Math.random() < delay.percent) {
    const isWaiting = await sleep(delay.for, true, { signal: exchange.signal }).catch(() => false);
    if (!isWaiting) return false;
  }
  if (abort && Math.random() < abort.percent) {
    exchange.outcome ??= 'fault_injected';
    throw new ProblemError('fault_injected', { status: abort.status });
  }
  return true;
}

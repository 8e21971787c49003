import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { GatewayConfig } from '../config/gateway-config.js';
import { Simulation, type SimulationReport } from './simulation.js';

/**
 * Reads a log as a stream, whatever its length.
 *
 * @param file of a log; `-` is standard input
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function simulate(config: GatewayConfig, file: string): Promise<SimulationReport> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const simulation = new Simulation(config);
  // An error of the input would otherwise only end the lines.
  const failed = new Promise<never>((_, reject) => input.once('error', reject));
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => simulation.take(line));
  await Promise.race([failed, new Promise((resolve) => lines.once('close', resolve))]);
  return simulation.report();
}

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
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const failed = new Promise<never>((_, reject) => {
    // An error of the input would otherwise only end the lines, and end the process where it is passed on to them.
    input.once('error', reject);
    lines.once('error', reject);
  });
  lines.on('line', (line) => simulation.take(line));
  await Promise.race([failed, new Promise((resolve) => lines.once('close', resolve))]);
  return simulation.report();
}

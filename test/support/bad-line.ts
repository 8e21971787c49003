import { spawnNode } from './process.js';

export interface LineOptions {
  /** Delay in milliseconds, each way. */
  readonly delay?: number;
  /** Bytes per second, each way of each connection. */
  readonly rate?: number;
  /** Every n-th piece is held up. */
  readonly every?: number;
  /** Time for which such a piece is held up, in milliseconds. */
  readonly hold?: number;
}

/**
 * Starts a process that forwards connections as a bad line does, until the test ends.
 *
 * @param to the address of a local server
 * @returns the address of the near end of the line, and how many pieces were held up so far
 */
export async function badLine(
  to: string,
  line: LineOptions,
): Promise<{ readonly url: string; readonly heldUp: () => number }> {
  const options = Object.entries(line).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const process = spawnNode(['test/support/bad-line-process.ts', '--to', new URL(to).port, ...options]);
  const { port } = await process.json(({ msg }) => msg === 'listening');
  const heldUp = () => process.lines.filter((line) => line.includes('held up')).length;
  return { url: `http://127.0.0.1:${Number(port)}`, heldUp };
}

import { readFile } from 'node:fs/promises';

const ESTABLISHED = '01';
const CLOSE_WAIT = '08';

/** Counting the sockets of another process needs Linux. */
export const canCountSockets = process.platform === 'linux';

/** @returns how many connections to a local port their client side still holds open */
export async function connectionsTo(url: string): Promise<number> {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile('/proc/net/tcp', 'utf8');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, , remote, state]) =>
        remote?.endsWith(`:${port}`) && (state === ESTABLISHED || state === CLOSE_WAIT),
    ).length;
}

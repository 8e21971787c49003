import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { listen } from './gateway.js';
import type { KeepUntil } from './process.js';

/**
 * @returns a local address on which nothing listens until the test ends. It is the local end of an open connection, since
 *   a port that was merely closed could be assigned to the next server.
 */
export async function closedPort(keepUntil: KeepUntil = onTestFinished): Promise<string> {
  const far = await listen(
    createServer((socket) => void socket.resume()),
    keepUntil,
  );
  const socket = connect(Number(new URL(far).port), '127.0.0.1');
  keepUntil(async () => void socket.destroy());
  await once(socket, 'connect');
  return `http://127.0.0.1:${socket.localPort}`;
}

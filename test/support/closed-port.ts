import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { listen } from './gateway.js';

/**
 * @returns an address of this machine at which nobody listens, until the test ends: the near end of a
 *   connection. A port that was merely closed could be given to the next server that asks for any.
 */
export async function closedPort(): Promise<string> {
  const far = await listen(createServer((socket) => void socket.resume()));
  const socket = connect(Number(new URL(far).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return `http://127.0.0.1:${socket.localPort}`;
}

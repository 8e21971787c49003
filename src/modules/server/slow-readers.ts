import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { OpenResponses } from './open-responses.js';

/** Milliseconds. */
const LOOK_EVERY = 1000;

/**
 * Ends the connections of clients that take nothing of their answers for a while: each of them would hold a call to
 * an upstream, and with it a place in the bulkhead, for as long as it likes. Whoever reads slowly may.
 *
 * Answers pay nothing for it: every now and then connections are looked for that have bytes to send, and given Node's
 * own timeout, which starts again with each byte that leaves.
 *
 * WebSockets, which are no answers any more, have an idle time of their own.
 *
 * @param sendTimeout milliseconds
 */
export function endSlowReaders(server: Server, responses: OpenResponses, sendTimeout: number): void {
  const look = () => {
    for (const socket of responses.connections()) {
      const isBehind = socket.writableLength > 0 && responses.on(socket).length > 0;
      if (isBehind && socket.timeout !== sendTimeout) socket.setTimeout(sendTimeout);
    }
  };
  const looking = setInterval(look, Math.min(sendTimeout / 2, LOOK_EVERY)).unref();
  server.once('close', () => clearInterval(looking));
  // With a listener, Node leaves it to this one to end a connection, also one that was kept alive for long enough.
  server.on('timeout', (socket: Socket) => {
    const isWaiting = responses.on(socket).length > 0 && socket.writableLength === 0;
    if (!isWaiting) socket.destroy();
  });
}

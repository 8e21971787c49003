import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { OpenResponses } from './open-responses.js';

/** Milliseconds. */
const CHECK_INTERVAL = 1000;

/**
 * Closes the connections of clients that read nothing of their responses for `sendTimeout`. Each of them would hold a
 * call to an upstream, and its place in the bulkhead, for as long as it likes. Clients that read slowly are not affected.
 *
 * Responses pay nothing for it: a timer finds the connections that have bytes to send, and sets Node's own socket
 * timeout on them, which restarts with each byte that is sent. WebSockets have timeouts of their own.
 *
 * @param sendTimeout milliseconds
 */
export function endSlowReaders(server: Server, responses: OpenResponses, sendTimeout: number): void {
  const check = () => {
    for (const socket of responses.connections()) {
      const isBehind = socket.writableLength > 0 && responses.on(socket).length > 0;
      if (isBehind && socket.timeout !== sendTimeout) socket.setTimeout(sendTimeout);
    }
  };
  const timer = setInterval(check, Math.min(sendTimeout / 2, CHECK_INTERVAL)).unref();
  server.once('close', () => clearInterval(timer));
  // Node closes no connection by itself when there is a listener, so idle keep-alive connections end here as well.
  server.on('timeout', (socket: Socket) => {
    const isWaiting = responses.on(socket).length > 0 && socket.writableLength === 0;
    if (!isWaiting) socket.destroy();
  });
}

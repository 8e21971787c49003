import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../common/clock.js';
import type { OpenResponses } from './open-responses.js';
import type { HttpSettings } from './server-options.js';

const CHECK_INTERVAL_MS = 1000;

/** Since when a connection has had bytes to send, and how many it had sent by then. */
interface Backlog {
  readonly since: number;
  readonly sent: number;
}

/**
 * Closes the connections of clients that read nothing of their responses, or hardly anything. Each of them would hold a
 * connection to an upstream for as long as it likes.
 *
 * Responses pay nothing for it: a timer finds the connections that have bytes to send, and sets Node's own socket
 * timeout on them, which restarts with each byte that is sent. WebSockets have timeouts of their own.
 */
export function endSlowReaders(
  server: Server,
  responses: OpenResponses,
  limits: () => Pick<HttpSettings, 'sendTimeout' | 'sendMinRate'>,
  clock: Clock,
): void {
  const backlogs = new WeakMap<Socket, Backlog>();
  const check = () => {
    const now = clock.now() - (clock.lostMs?.() ?? 0);
    const { sendTimeout, sendMinRate } = limits();
    for (const socket of responses.connections()) {
      const isBehind = socket.writableLength > 0 && responses.on(socket).size > 0;
      if (!isBehind) {
        backlogs.delete(socket);
        continue;
      }
      if (socket.timeout !== sendTimeout) socket.setTimeout(sendTimeout);
      if (sendMinRate > 0) judgeRate(socket, now, sendTimeout, sendMinRate);
    }
  };
  /** @param minMs over which the average rate is judged at least */
  const judgeRate = (socket: Socket, now: number, minMs: number, minRate: number) => {
    // Node reports a chunk as sent only when all of it is. Until then, all that is queued counts as read.
    const sent = socket.bytesWritten - socket.writableLength;
    const backlog = backlogs.get(socket);
    const elapsed = now - (backlog?.since ?? now);
    const required = (minRate * elapsed) / 1000;
    if (!backlog) backlogs.set(socket, { since: now, sent });
    else if (elapsed <= minMs) return;
    else if (socket.bytesWritten - backlog.sent < required) socket.destroy();
    else if (sent - backlog.sent >= required) backlogs.set(socket, { since: now, sent });
  };
  const timer = setInterval(check, Math.min(limits().sendTimeout / 2, CHECK_INTERVAL_MS)).unref();
  server.once('close', () => clearInterval(timer));
  // Node closes no connection by itself when there is a listener, so idle keep-alive connections end here as well.
  server.on('timeout', (socket: Socket) => {
    const isWaiting = responses.on(socket).size > 0 && socket.writableLength === 0;
    if (!isWaiting) socket.destroy();
  });
}

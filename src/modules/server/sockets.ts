import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** How long a client has to read its last answer. */
const LINGER_MS = 1000;

/** Ends a connection so that the other side cannot take the end for that of a response. */
export function resetConnection(socket: Socket): void {
  // Node cannot reset a TLS connection. Without the alert that TLS ends with, clients know that something is missing.
  if ((socket as Socket & Partial<TLSSocket>).encrypted) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Closes a connection a while after its last answer. To close at once would reset it where the client has sent more
 * meanwhile, and at a reset clients drop what they have not read.
 */
export function destroyLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Ends a connection so that the other side cannot take the end for that of a response. */
export function resetConnection(socket: Socket): void {
  // Node cannot reset a TLS connection. Without the alert that TLS ends with, clients know that something is missing.
  if ((socket as Socket & Partial<TLSSocket>).encrypted) socket.destroy();
  else socket.resetAndDestroy();
}

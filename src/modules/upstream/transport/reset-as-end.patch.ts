/*
 * Patch of undici 8.12: a reset is not the end of a body that only the end of its connection delimits.
 *
 * undici takes it for one (`onHttpSocketError` in its client-h1.js), because macOS resets connections whose body is
 * complete. RFC 9112 section 8 calls such a body incomplete, and a client or the cache would take a part for all of it. The
 * patch can go when upstream-cut-short.spec.ts passes without it.
 */
import type { Socket } from 'node:net';

/** Tells of a reset before undici learns of it, when it is called before undici listens to the socket. */
export function onReset(socket: Socket, tell: (error: Error) => void): void {
  socket.on('error', (error) => {
    if ('code' in error && error.code === 'ECONNRESET') tell(error);
  });
}

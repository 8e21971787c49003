import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { destroyLater } from './sockets.js';

/** Node sets it on what it hands to `upgrade`. */
type WithUpgrade = IncomingMessage & { readonly upgrade?: boolean };

/** @returns whether this request took over its connection, so that another protocol may follow */
export function isUpgrade(req: IncomingMessage): boolean {
  return (req as WithUpgrade).upgrade === true;
}

/**
 * Answers upgrade requests through the same stages as all others, with a response that is the last of its connection.
 * Code that accepts the upgrade detaches the response from the socket and emits its `close`.
 */
export function answerUpgrades(
  server: Server,
  Response: typeof ServerResponse,
  answer: (req: IncomingMessage, res: ServerResponse) => void,
): void {
  server.on('upgrade', (req: IncomingMessage, duplex: Duplex, head: Buffer) => {
    // The server listens on TCP.
    const socket = duplex as Socket;
    // Nothing behind the head may reach an upstream before its 101.
    if (head.length > 0) socket.unshift(head);
    const res = new Response(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    const drained = () => res.emit('drain');
    // A client that disconnects cancels its call, as with any other request.
    const onGone = () => socket.destroy();
    socket.on('error', onGone).on('drain', drained).on('end', onGone);
    res
      .once('finish', () => {
        // What the client still sends is discarded.
        socket.resume().end();
        destroyLater(socket);
      })
      .once('close', () => socket.off('drain', drained).off('end', onGone));
    answer(req, res);
  });
}

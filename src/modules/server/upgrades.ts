import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { destroyLater } from './sockets.js';

type UpgradeListener = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Node sets it on what it hands to `upgrade`. */
type WithUpgrade = IncomingMessage & { readonly upgrade?: boolean };

/** @returns whether this request took over its connection, so that another protocol may follow */
export function isUpgrade(req: IncomingMessage): boolean {
  return (req as WithUpgrade).upgrade === true;
}

/**
 * Answers upgrade requests through the same stages as all others, with a response that is the last of its connection.
 * Code that accepts the upgrade detaches the response from the socket and emits its `close`.
 *
 * @param isOwn whether the gateway takes a request that code listens for as well, as `@WebSocketGateway()` does
 * @returns tells whether code listens for upgrades
 */
export function answerUpgrades(
  server: Server,
  Response: typeof ServerResponse,
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  isOwn: (req: IncomingMessage) => boolean,
): () => boolean {
  const listeners: UpgradeListener[] = [];
  server.on('upgrade', (req: IncomingMessage, duplex: Duplex, head: Buffer) => {
    if (listeners.length > 0 && !isOwn(req)) {
      for (const listener of listeners) listener.call(server, req, duplex, head);
      return;
    }
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
  // All listeners would answer on the same socket, so the one above calls those of code.
  server.on('newListener', (event, listener: UpgradeListener) => {
    if (event !== 'upgrade') return;
    listeners.push(listener);
    // It is added after this event.
    process.nextTick(() => server.off('upgrade', listener));
  });
  return () => listeners.length > 0;
}

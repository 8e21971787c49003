import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asksForWebSocket } from '../../common/http/websocket.js';
import type { OpenResponses } from './open-responses.js';

const LINGER_MS = 1000;

/** Node sets it on what it hands to `upgrade`. */
type WithUpgrade = IncomingMessage & { readonly upgrade?: boolean };

/** Did Node give up the connection of this request, so that it may become a tunnel? */
export function isUpgrade(req: IncomingMessage): boolean {
  return (req as WithUpgrade).upgrade === true;
}

const DECLINED = Symbol('declined');

type WithDeclined = Socket & { [DECLINED]?: IncomingMessage };

/**
 * Node takes an upgrade that it does not make for the end of HTTP all the same: what came behind it in the same piece
 * is lost, and the next piece is read as if it began a request, be it in the middle of one or not.
 *
 * @returns false: the request is an ordinary one, and the last of its connection
 */
export function decline(req: IncomingMessage): false {
  (req.socket as WithDeclined)[DECLINED] = req;
  return false;
}

/** @returns whether a request is to be answered; nothing behind a declined upgrade is */
export function mayAnswer(req: IncomingMessage, res: ServerResponse): boolean {
  const declined = (req.socket as WithDeclined)[DECLINED];
  if (declined === undefined) return true;
  res.shouldKeepAlive = false;
  return declined === req;
}

/**
 * Which requests may become tunnels. Everything else, `h2c` above all, is an ordinary request: RFC 9110 section
 * 7.8 lets a server ignore `Upgrade`. So is one with a body or behind unanswered ones; routes refuse it.
 */
export function mayUpgrade(req: IncomingMessage, open: OpenResponses): boolean {
  const { method, httpVersion, headers, socket } = req;
  if (method !== 'GET' || httpVersion !== '1.1' || !asksForWebSocket(headers)) return false;
  if (Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined) return false;
  return open.on(socket).length === 0;
}

/**
 * Puts upgrade requests through the same stages as any other, with a response that is the last of its connection.
 * Whoever opens the tunnel detaches it and closes it.
 */
export function answerUpgrades(
  server: Server,
  Response: typeof ServerResponse,
  answer: (req: IncomingMessage, res: ServerResponse) => void,
): void {
  server.on('upgrade', (req: IncomingMessage, duplex: Duplex, head: Buffer) => {
    // The server listens on TCP.
    const socket = duplex as Socket;
    // Kept for after the 101: nothing may reach an upstream before.
    if (head.length > 0) socket.unshift(head);
    const res = new Response(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    const drained = () => res.emit('drain');
    // A client that leaves takes its call along, as it does with any other request.
    const gone = () => socket.destroy();
    socket.on('error', gone).on('drain', drained).on('end', gone);
    res
      .once('finish', () => linger(socket))
      .once('close', () => socket.off('drain', drained).off('end', gone));
    answer(req, res);
  });
}

/**
 * Closes after an answer. What a client still sends is thrown away for a while: to close at once would reset the
 * connection, and it would lose the answer.
 */
function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket
    .once('close', () => clearTimeout(timer))
    .resume()
    .end();
}

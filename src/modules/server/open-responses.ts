import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The responses that are not complete yet, by connection, in the order of their requests. */
export class OpenResponses {
  private readonly bySocket = new Map<Socket, Set<ServerResponse>>();
  /** The last request of a connection, where that is known before its answer is. */
  private readonly lastOf = new WeakMap<Socket, IncomingMessage>();
  private closing = false;

  connections(): Iterable<Socket> {
    return this.bySocket.keys();
  }

  /** @returns the oldest first */
  on(socket: Socket): ServerResponse[] {
    return [...(this.bySocket.get(socket) ?? [])];
  }

  /** Makes each response the last of its connection, those in flight included. */
  closeConnections(): void {
    this.closing = true;
    for (const [socket, responses] of this.bySocket) {
      for (const res of responses) {
        if (res.headersSent) res.once('finish', () => socket.end());
        else res.setHeader('Connection', 'close');
      }
    }
  }

  /** Resets connections whose end would look like the end of a response body (HTTP/1.0). */
  reset(): void {
    for (const responses of this.bySocket.values()) {
      for (const { req, headersSent } of responses) {
        if (headersSent && req.httpVersion === '1.0') req.socket.resetAndDestroy();
      }
    }
  }

  /** Makes a request the last one of its connection: those behind it are neither processed nor answered. */
  endWith(req: IncomingMessage): void {
    this.lastOf.set(req.socket, req);
  }

  /** @returns false for a request behind the last one of its connection */
  add(res: ServerResponse): boolean {
    const { req } = res;
    const last = this.lastOf.get(req.socket);
    if (last !== undefined && last !== req) return false;
    if (last) res.shouldKeepAlive = false;
    if (this.closing) res.setHeader('Connection', 'close');
    const responses = this.of(req.socket);
    responses.add(res);
    res.on('close', () => responses.delete(res));
    return true;
  }

  /** Each connection keeps one set, because most connections carry several requests. */
  private of(socket: Socket): Set<ServerResponse> {
    const known = this.bySocket.get(socket);
    if (known) return known;
    const responses = new Set<ServerResponse>();
    this.bySocket.set(socket, responses);
    socket.once('close', () => this.bySocket.delete(socket));
    return responses;
  }
}

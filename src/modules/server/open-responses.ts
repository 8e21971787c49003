import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The answers a server owes, by connection, in the order of their requests. */
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

  /** From now on each answer is the last of its connection, also those that have been waited for already. */
  closeConnections(): void {
    this.closing = true;
    for (const [socket, responses] of this.bySocket) {
      for (const res of responses) {
        if (res.headersSent) res.once('finish', () => socket.end());
        else res.setHeader('Connection', 'close');
      }
    }
  }

  /** Resets connections on which a body is under way whose end would be that of its connection (HTTP/1.0). */
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

  /** One set for each connection, as long as it lives: most requests come over a connection that has had others. */
  private of(socket: Socket): Set<ServerResponse> {
    const known = this.bySocket.get(socket);
    if (known) return known;
    const responses = new Set<ServerResponse>();
    this.bySocket.set(socket, responses);
    socket.once('close', () => this.bySocket.delete(socket));
    return responses;
  }
}

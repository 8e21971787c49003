import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The answers a server owes, by connection, in the order of their requests. */
export class OpenResponses {
  private readonly bySocket = new Map<Duplex, Set<ServerResponse>>();
  private closing = false;

  /** @returns the oldest first */
  on(socket: Duplex): ServerResponse[] {
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

  add(res: ServerResponse): void {
    const { socket } = res.req;
    if (this.closing) res.setHeader('Connection', 'close');
    const responses = this.bySocket.get(socket);
    if (responses) responses.add(res);
    else this.bySocket.set(socket, new Set([res]));
    res.once('close', () => this.remove(socket, res));
  }

  private remove(socket: Duplex, res: ServerResponse): void {
    const responses = this.bySocket.get(socket);
    responses?.delete(res);
    if (responses?.size === 0) this.bySocket.delete(socket);
  }
}

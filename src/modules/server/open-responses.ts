import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { memoized } from '../../common/memoized.js';
import { resetConnection } from './sockets.js';

/** Requests that may wait on a connection while it is still read. Above that it is paused, so they take no more memory. */
const MAX_WAITING = 16;

/** One listener for each response, however many reloads wait for it. */
const closeOf = memoized(
  (res: ServerResponse): Promise<void> => new Promise((resolve) => res.once('close', resolve)),
);

const NONE: ReadonlySet<ServerResponse> = new Set();

/**
 * The responses that are not complete yet, by connection, in the order of their requests. The requests of a connection are
 * processed one after the other: any answer may turn out to be the last of its connection, and what is behind the last
 * one must not be processed (RFC 9112 section 9.6).
 */
export class OpenResponses {
  private readonly bySocket = new Map<Socket, Set<ServerResponse>>();
  /** The last request of a connection, where that is known before its answer is. */
  private readonly lastOf = new WeakMap<Socket, IncomingMessage>();
  private closing = false;

  /** @param start processes a request */
  constructor(private readonly start: (res: ServerResponse) => void) {}

  connections(): Iterable<Socket> {
    return this.bySocket.keys();
  }

  /** @returns those that are being processed */
  *inFlight(): Iterable<ServerResponse> {
    for (const [res] of this.bySocket.values()) if (res) yield res;
  }

  /** @returns those of a connection: first the one that is being processed, then those that wait, the oldest first */
  on(socket: Socket): ReadonlySet<ServerResponse> {
    return this.bySocket.get(socket) ?? NONE;
  }

  /** @returns a promise that resolves when each request in flight whose response has not begun has ended */
  async settled(): Promise<void> {
    const pending = [...this.inFlight()].filter(({ headersSent }) => !headersSent);
    await Promise.all(pending.map(closeOf));
  }

  /** Makes each response in flight the last of its connection, and each one that starts later. */
  closeConnections(): void {
    this.closing = true;
    for (const [socket, [res]] of this.bySocket) {
      if (res?.headersSent) res.once('finish', () => socket.end());
      else res?.setHeader('Connection', 'close');
    }
  }

  /** Resets connections whose end would look like the end of a response body (HTTP/1.0). */
  reset(): void {
    for (const responses of this.bySocket.values()) {
      for (const { req, headersSent } of responses) {
        if (headersSent && req.httpVersion === '1.0') resetConnection(req.socket);
      }
    }
  }

  /** Makes a request the last one of its connection: those behind it are neither processed nor answered. */
  endWith(req: IncomingMessage): void {
    this.lastOf.set(req.socket, req);
  }

  /** Processes the request once those before it have their answers, unless it is behind the last one of its connection. */
  add(res: ServerResponse): void {
    const { req } = res;
    const last = this.lastOf.get(req.socket);
    // It is no longer writable after an answer that was the last one.
    if ((last !== undefined && last !== req) || !req.socket.writable) return;
    if (last) res.shouldKeepAlive = false;
    const responses = this.of(req.socket);
    responses.add(res);
    res.on('close', () => {
      responses.delete(res);
      if (responses.size > 0 && this.lastOf.get(req.socket) !== req) this.next(req.socket, responses);
    });
    if (responses.size === 1) this.begin(res);
    else if (responses.size > MAX_WAITING) req.socket.pause();
  }

  private begin(res: ServerResponse): void {
    if (this.closing) res.setHeader('Connection', 'close');
    this.start(res);
  }

  private next(socket: Socket, responses: ReadonlySet<ServerResponse>): void {
    const [res] = responses;
    if (!res || !socket.writable) return;
    if (responses.size === MAX_WAITING) socket.resume();
    this.begin(res);
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

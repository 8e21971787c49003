import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FrameBoundary } from '../../common/http/frame-boundary.js';

/** A close frame with 1001, going away (RFC 6455 section 7.4.1). */
const GOING_AWAY = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
/** Milliseconds a client gets to answer the close frame. */
const FAREWELL_MS = 1000;

export interface TunnelOptions {
  readonly client: Socket;
  readonly upstream: Duplex;
  /** Milliseconds without a byte in either direction after which it ends. */
  readonly idleTimeout: number;
}

/** A WebSocket under way: bytes both ways with back-pressure. It looks into none of them, but knows where frames end. */
export class Tunnel {
  private readonly client: Socket;
  private readonly upstream: Duplex;
  private readonly boundary = new FrameBoundary();
  private readonly follow = (chunk: Buffer) => void this.boundary.read(chunk);
  private leaving = false;

  /** Call `open` next. */
  constructor({ client, upstream, idleTimeout }: TunnelOptions) {
    this.client = client;
    this.upstream = upstream;
    // Whatever goes through is activity of this socket, in one direction or the other.
    client.setTimeout(idleTimeout, () => this.goAway());
  }

  /** @param onClosed both sides are gone */
  open(onClosed: () => void): void {
    const { client, upstream } = this;
    let open = 2;
    const closed = () => void (--open === 0 && onClosed());
    join(client, upstream, closed);
    join(upstream, client, closed);
    // A side that has said all it wants to may still listen.
    upstream.allowHalfOpen = true;
    upstream.on('data', this.follow);
    upstream.pipe(client);
    client.pipe(upstream);
  }

  /** Ends it as a WebSocket ends: with a close frame to the client, as soon as no other frame is in the way. */
  goAway(): void {
    if (this.leaving) return;
    this.leaving = true;
    const { client, upstream, boundary } = this;
    client.setTimeout(0);
    upstream.off('data', this.follow).unpipe(client);
    if (boundary.reached || boundary.sawClose) {
      this.farewell();
      return;
    }
    const lastPart = (chunk: Buffer) => {
      const flowing = client.write(chunk.subarray(0, boundary.read(chunk, true)));
      if (boundary.reached) {
        upstream.off('data', lastPart);
        this.farewell();
      } else if (!flowing) {
        upstream.pause();
        client.once('drain', () => upstream.resume());
      }
    };
    upstream
      .on('data', lastPart)
      .once('end', () => client.end())
      .resume();
  }

  destroy(): void {
    this.client.destroy();
    this.upstream.destroy();
  }

  private farewell(): void {
    const { client, upstream, boundary } = this;
    // What else the client says, its own close frame above all, is for nobody any more.
    client.unpipe(upstream);
    client.resume();
    upstream.destroy();
    if (boundary.sawClose) client.end();
    else client.end(GOING_AWAY);
    const timer = setTimeout(() => client.destroy(), FAREWELL_MS);
    client.once('end', () => client.destroySoon()).once('close', () => clearTimeout(timer));
  }
}

/** When one side is gone the other goes: after what is left to send, or with a reset if it was reset. */
function join(side: Duplex, other: Duplex, closed: () => void): void {
  let failed = false;
  side.once('error', () => (failed = true));
  side.on('error', () => undefined);
  side.once('close', () => {
    if (failed || !side.readableEnded) other.destroy();
    else if (!other.writableEnded) other.end();
    closed();
  });
}

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { closeFrame } from '../../common/http/close-frame.js';
import { FrameReader } from '../../common/http/frame-reader.js';
import { Lane } from './lane.js';

/** Why the gateway ends a WebSocket, and what both sides are told (RFC 6455 section 7.4.1). */
const CLOSES = {
  idle: { code: 1001, text: 'idle' },
  drain: { code: 1001, text: 'going away' },
  malformed_frame: { code: 1002, text: 'malformed frame' },
  token_expired: { code: 1008, text: 'token expired' },
  token_revoked: { code: 1008, text: 'token revoked' },
  not_reading: { code: 1008, text: 'not reading' },
  control_flood: { code: 1008, text: 'too many control frames' },
  message_too_big: { code: 1009, text: 'message too big' },
} as const satisfies Record<string, { code: number; text: string }>;

export type CloseReason = keyof typeof CLOSES;

/** Milliseconds for the frames that are in the way of a close frame. A drain has a bound of its own. */
const PATIENCE_MS = 5000;
/** Milliseconds the two sides get to answer a close frame. */
const FAREWELL_MS = 1000;

export interface TunnelOptions {
  readonly client: Socket;
  readonly upstream: Duplex;
  /** Milliseconds without a byte in either direction after which it ends. */
  readonly idleTimeout: number;
  /** Milliseconds in which the client takes nothing of what is there for it, after which it ends. */
  readonly sendTimeout: number;
  /** Bytes of one message, in either direction. */
  readonly maxMessageBytes: number;
  /** Asked before each control or empty frame of the client. */
  readonly mayControl: () => boolean;
}

/** How a WebSocket ended, and what it carried. */
export interface TunnelEnd {
  /** The side that ended it first, or why the gateway did; `cut` at the end of a drain. */
  readonly reason: CloseReason | 'client' | 'upstream' | 'cut';
  readonly bytesFromClient: number;
  readonly bytesFromUpstream: number;
}

/** A WebSocket under way: frames both ways with back-pressure, never kept, and of which only the heads are read. */
export class Tunnel {
  private readonly client: Socket;
  private readonly upstream: Duplex;
  private readonly up: Lane;
  private readonly down: Lane;
  private reason: TunnelEnd['reason'] | undefined;
  private leaving = false;
  private timer: NodeJS.Timeout | undefined;

  /** Call `open` next. */
  constructor(options: TunnelOptions) {
    const { client, upstream, idleTimeout, sendTimeout, maxMessageBytes, mayControl } = options;
    this.client = client;
    this.upstream = upstream;
    this.up = new Lane(client, upstream, new FrameReader({ maxMessageBytes, mayControl }));
    this.down = new Lane(upstream, client, new FrameReader({ maxMessageBytes }), sendTimeout);
    // Whatever goes through is activity of this socket, in one direction or the other.
    client.setTimeout(idleTimeout, () => this.close('idle'));
  }

  /** @param onClosed both sides are gone */
  open(onClosed: (end: TunnelEnd) => void): void {
    const { client, upstream, up, down } = this;
    let open = 2;
    const closed = () => {
      if (--open > 0) return;
      clearTimeout(this.timer);
      onClosed({
        reason: this.reason ?? 'cut',
        bytesFromClient: up.bytes,
        bytesFromUpstream: down.bytes,
      });
    };
    // A side that has said all it wants to may still listen.
    upstream.allowHalfOpen = true;
    this.join(client, upstream, 'client', closed);
    this.join(upstream, client, 'upstream', closed);
    const onViolation = (violation: CloseReason) => this.close(violation);
    // A client that keeps talking is not idle, however little it listens.
    const onStuck = () => this.close('not_reading');
    const onOver = () => this.awaitAnswers();
    up.open({ onFarewell: () => (this.reason ??= 'client'), onViolation, onStuck, onOver });
    down.open({ onFarewell: () => (this.reason ??= 'upstream'), onViolation, onStuck, onOver });
  }

  /** Ends it as a WebSocket ends: with a close frame to each side, as soon as no other frame is in the way. */
  close(reason: CloseReason): void {
    if (this.leaving) return;
    this.leaving = true;
    this.reason ??= reason;
    if (reason !== 'drain') this.cutSoon(PATIENCE_MS);
    const { code, text } = CLOSES[reason];
    this.down.close(closeFrame(code, text));
    this.up.close(closeFrame(code, text, randomBytes(4)));
  }

  /** Ends it at once. */
  destroy(): void {
    this.reason ??= 'cut';
    this.cut();
  }

  private cut(): void {
    this.client.destroy();
    this.upstream.destroy();
  }

  /** Once both sides have been told, or are gone. */
  private awaitAnswers(): void {
    if (this.leaving && isTold(this.client) && isTold(this.upstream)) this.cutSoon(FAREWELL_MS);
  }

  private cutSoon(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.cut(), afterMs);
  }

  /** When one side is gone the other goes: after what is left to send, unless it was cut off. */
  private join(side: Duplex, other: Duplex, name: 'client' | 'upstream', closed: () => void): void {
    const gone = () => (this.reason ??= name);
    let failed = false;
    side
      .once('end', gone)
      .on('error', () => (failed = true))
      .once('close', () => {
        gone();
        // Our close frame may still be on its way to the other side.
        if (this.leaving && other.writableEnded) this.awaitAnswers();
        else if (failed || !side.readableEnded) other.destroy();
        else if (!other.writableEnded) other.end();
        closed();
      });
  }
}

function isTold({ destroyed, writableFinished }: Duplex): boolean {
  return destroyed || writableFinished;
}

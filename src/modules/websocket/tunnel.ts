import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FrameRelay } from './frame-relay.js';
import { closeFrame, FrameReader } from './frames.js';

/** Why the gateway closes a WebSocket, and the close frame that both sides receive (RFC 6455 section 7.4.1). */
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

/** How long to wait for the end of a frame that a close frame has to follow. A drain has a limit of its own. */
const CLOSE_TIMEOUT_MS = 5000;
/** How long the two sides have to answer a close frame, and an upstream to follow a client that has left. */
const CLOSE_ANSWER_TIMEOUT_MS = 1000;

export interface TunnelOptions {
  readonly client: Socket;
  readonly upstream: Duplex;
  /** Milliseconds without a byte in either direction after which the WebSocket is closed. */
  readonly idleTimeout: number;
  /** Milliseconds in which the client reads nothing of what was sent to it, after which the WebSocket is closed. */
  readonly sendTimeout: number;
  /** Bytes of one message, in either direction. */
  readonly maxMessageBytes: number;
  /** Called before each control frame of the client; returns false when there have been too many. */
  readonly mayControl: () => boolean;
}

/** How a WebSocket ended, and how much it carried. */
export interface TunnelEnd {
  /** The side that ended it first, or why the gateway did. `cut` means that the drain time was over. */
  readonly reason: CloseReason | 'client' | 'upstream' | 'cut';
  readonly bytesFromClient: number;
  readonly bytesFromUpstream: number;
}

/** An open WebSocket. Frames are relayed in both directions without being stored, and only their heads are read. */
export class Tunnel {
  private readonly toUpstream: FrameRelay;
  private readonly toClient: FrameRelay;
  private reason: TunnelEnd['reason'] | undefined;
  private isClosing = false;
  private cutTimer: NodeJS.Timeout | undefined;

  /** @param onEnd called when both connections are closed */
  constructor(
    private readonly options: TunnelOptions,
    onEnd: (end: TunnelEnd) => void,
  ) {
    const { client, upstream, idleTimeout, sendTimeout, maxMessageBytes, mayControl } = options;
    // Bytes of either direction pass this socket and restart its timeout.
    client.setTimeout(idleTimeout, () => this.close('idle'));
    // A side that has ended its own stream may still receive.
    upstream.allowHalfOpen = true;
    let open = 2;
    const onClosed = () => {
      if (--open > 0) return;
      clearTimeout(this.cutTimer);
      onEnd({
        reason: this.reason ?? 'cut',
        bytesFromClient: this.toUpstream.bytes,
        bytesFromUpstream: this.toClient.bytes,
      });
    };
    this.endTogether('client', client, upstream, onClosed);
    this.endTogether('upstream', upstream, client, onClosed);
    const events = {
      onViolation: (violation: CloseReason) => this.close(violation),
      onFinish: () => this.awaitAnswers(),
    };
    this.toUpstream = new FrameRelay({
      ...events,
      from: client,
      to: upstream,
      frames: new FrameReader({ maxMessageBytes, mayControl }),
      onCloseFrame: () => (this.reason ??= 'client'),
    });
    this.toClient = new FrameRelay({
      ...events,
      from: upstream,
      to: client,
      frames: new FrameReader({ maxMessageBytes }),
      onCloseFrame: () => (this.reason ??= 'upstream'),
      // A client that keeps sending is never idle, even when it reads nothing.
      stallTimeout: sendTimeout,
      onStall: () => this.close('not_reading'),
    });
  }

  /** Sends a close frame to each side, as soon as the frame that is being relayed to it is complete. */
  close(reason: CloseReason): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.reason ??= reason;
    if (reason !== 'drain') this.cutAfter(CLOSE_TIMEOUT_MS);
    const { code, text } = CLOSES[reason];
    this.toClient.close(closeFrame(code, text));
    this.toUpstream.close(closeFrame(code, text, randomBytes(4)));
  }

  /** Closes both connections without a close frame. */
  destroy(): void {
    this.reason ??= 'cut';
    this.options.client.destroy();
    this.options.upstream.destroy();
  }

  /** Starts the time for answers once both sides have received their close frame, or are gone. */
  private awaitAnswers(): void {
    const { client, upstream } = this.options;
    const isSent = [client, upstream].every((side) => side.destroyed || side.writableFinished);
    // An upstream that does not notice the end of a client would keep both connections until the idle timeout.
    const hasLeft = client.readableEnded && upstream.writableFinished;
    if (this.isClosing ? isSent : hasLeft) this.cutAfter(CLOSE_ANSWER_TIMEOUT_MS);
  }

  private cutAfter(ms: number): void {
    clearTimeout(this.cutTimer);
    this.cutTimer = setTimeout(() => this.destroy(), ms);
  }

  /** When one side is gone, the other side receives what is left for it and is ended; after a reset it is cut. */
  private endTogether(name: 'client' | 'upstream', side: Duplex, other: Duplex, onClosed: () => void): void {
    const onGone = () => (this.reason ??= name);
    let hasFailed = false;
    side
      .once('end', onGone)
      .on('error', () => (hasFailed = true))
      .once('close', () => {
        onGone();
        // Our close frame may still be on its way to the other side.
        if (this.isClosing && other.writableEnded) this.awaitAnswers();
        else if (hasFailed || !side.readableEnded) other.destroy();
        else if (!other.writableEnded) other.end();
        onClosed();
      });
  }
}

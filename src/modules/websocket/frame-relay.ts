import type { Duplex } from 'node:stream';
import type { FrameReader, FrameViolation } from './frames.js';

export interface FrameRelayOptions {
  readonly from: Duplex;
  readonly to: Duplex;
  /** Reads the frames that `from` sends. */
  readonly frames: FrameReader;
  /** Milliseconds in which `to` may read nothing before `onStall` is called; without it there is no limit. */
  readonly stallTimeout?: number;
  readonly onStall?: () => void;
  /** A close frame was relayed. */
  readonly onCloseFrame: () => void;
  /** A frame violates a limit. Nothing more is relayed until `close` is called. */
  readonly onViolation: (violation: FrameViolation) => void;
  /** Everything has been written to `to`, and its end too. */
  readonly onFinish: () => void;
}

/**
 * Relays one direction of a WebSocket with back-pressure: complete frame heads, and payload as it arrives. The relay
 * ends when `from` ends, or with a close frame of ours, which is never inserted into another frame.
 */
export class FrameRelay {
  /** Bytes relayed so far. */
  bytes = 0;
  /** The start of a frame head whose rest has not arrived yet. */
  private partialHead: Buffer | undefined;
  private closeFrame: Buffer | undefined;
  private hasEnded = false;
  private stallTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: FrameRelayOptions) {
    const { from, to, frames, onCloseFrame, onViolation, onFinish } = options;
    let hasSeenClose = false;
    from.on('data', (chunk: Buffer) => {
      if (this.hasEnded) return;
      this.relay(chunk);
      if (frames.sawClose && !hasSeenClose) {
        hasSeenClose = true;
        onCloseFrame();
      }
      if (this.closeFrame && frames.atBoundary) this.end();
      else if (frames.violation) onViolation(frames.violation);
    });
    from.once('end', () => this.end());
    to.on('drain', () => {
      clearTimeout(this.stallTimer);
      from.resume();
    });
    to.once('close', () => clearTimeout(this.stallTimer));
    to.once('finish', onFinish);
    from.resume();
  }

  /** @param frame the close frame to send as soon as the current frame is complete */
  close(frame: Buffer): void {
    this.closeFrame = frame;
    if (this.options.frames.atBoundary) this.end();
  }

  private relay(chunk: Buffer): void {
    const bytes = this.partialHead ? Buffer.concat([this.partialHead, chunk]) : chunk;
    const end = this.options.frames.read(bytes, this.closeFrame !== undefined);
    this.partialHead = end < bytes.length ? Buffer.from(bytes.subarray(end)) : undefined;
    if (end === 0) return;
    this.bytes += end;
    const { from, to, stallTimeout, onStall } = this.options;
    if (to.write(this.partialHead ? bytes.subarray(0, end) : bytes)) return;
    from.pause();
    clearTimeout(this.stallTimer);
    if (stallTimeout !== undefined && onStall) this.stallTimer = setTimeout(onStall, stallTimeout);
  }

  private end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const { frames, from, to } = this.options;
    if (!to.writableEnded) {
      // No frame may be inserted into another one, or follow a close frame.
      if (this.closeFrame && frames.atBoundary && !frames.sawClose) to.end(this.closeFrame);
      else to.end();
    }
    // Read and drop what `from` still sends, such as its own close frame.
    from.resume();
  }
}

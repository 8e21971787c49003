import type { Duplex } from 'node:stream';
import type { FrameReader, FrameViolation } from '../../common/http/frame-reader.js';

export interface LaneEvents {
  /** A close frame has come. */
  readonly onFarewell: () => void;
  /** Nothing more can be passed on until `close` is called. */
  readonly onViolation: (violation: FrameViolation) => void;
  /** The other side has taken nothing of what it was sent for `stuckAfter` milliseconds. */
  readonly onStuck: () => void;
  /** All that goes this way has been written, and the other side ended. */
  readonly onOver: () => void;
}

/**
 * One direction of a WebSocket: whole heads of frames and their payload as it comes, with back-pressure. It ends
 * with the side it comes from, or with a close frame of ours, which is never put inside another frame.
 */
export class Lane {
  /** Passed on so far. */
  bytes = 0;
  /** The beginning of a head whose rest is still to come. */
  private held: Buffer | undefined;
  private farewell: Buffer | undefined;
  private over = false;
  private patience: NodeJS.Timeout | undefined;
  private onStuck = (): void => undefined;

  /** @param from whose frames these are */
  constructor(
    private readonly from: Duplex,
    private readonly to: Duplex,
    private readonly frames: FrameReader,
    /** Without it the other side may take its time. */
    private readonly stuckAfter?: number,
  ) {}

  open({ onFarewell, onViolation, onStuck, onOver }: LaneEvents): void {
    const { from, to, frames } = this;
    this.onStuck = onStuck;
    let heardFarewell = false;
    from.on('data', (chunk: Buffer) => {
      if (this.over) return;
      this.pass(chunk);
      if (frames.sawClose && !heardFarewell) {
        heardFarewell = true;
        onFarewell();
      }
      if (this.farewell && frames.atBoundary) this.end();
      else if (frames.violation) onViolation(frames.violation);
    });
    from.once('end', () => this.end());
    to.on('drain', () => {
      clearTimeout(this.patience);
      from.resume();
    });
    to.once('close', () => clearTimeout(this.patience));
    to.once('finish', onOver);
    from.resume();
  }

  /** @param farewell the close frame that is put as soon as no other one is in the way */
  close(farewell: Buffer): void {
    this.farewell = farewell;
    if (this.frames.atBoundary) this.end();
  }

  private pass(chunk: Buffer): void {
    const bytes = this.held ? Buffer.concat([this.held, chunk]) : chunk;
    const end = this.frames.read(bytes, this.farewell !== undefined);
    this.held = end < bytes.length ? Buffer.from(bytes.subarray(end)) : undefined;
    if (end === 0) return;
    this.bytes += end;
    if (!this.to.write(this.held ? bytes.subarray(0, end) : bytes)) this.wait();
  }

  private wait(): void {
    this.from.pause();
    if (this.stuckAfter === undefined) return;
    clearTimeout(this.patience);
    this.patience = setTimeout(this.onStuck, this.stuckAfter);
  }

  private end(): void {
    if (this.over) return;
    this.over = true;
    const { farewell, frames, from, to } = this;
    if (!to.writableEnded) {
      // Inside a frame, or after a close frame, there is no place for another one.
      if (farewell && frames.atBoundary && !frames.sawClose) to.end(farewell);
      else to.end();
    }
    // What else it says, its own close frame above all, is for nobody any more.
    from.resume();
  }
}

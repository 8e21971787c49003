const CLOSE = 0x8;
const FIN = 0x80;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
/** RFC 6455 section 5.5. */
const MAX_CONTROL_PAYLOAD_BYTES = 125;

/**
 * Builds a close frame (RFC 6455 section 5.5.1).
 *
 * @param code status code (RFC 6455 section 7.4)
 * @param reason at most 123 bytes
 * @param mask four bytes; only frames from a client are masked
 */
export function closeFrame(code: number, reason: string, mask?: Uint8Array): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  if (!mask) return Buffer.concat([Buffer.from([FIN | CLOSE, payload.length]), payload]);
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return Buffer.concat([Buffer.from([FIN | CLOSE, MASKED | payload.length]), mask, payload]);
}

export interface FrameLimits {
  /** Bytes of payload in one message, over all its frames. A compressed message counts as it is sent. */
  readonly maxMessageBytes: number;
  /** Called before each control frame; returns false when there have been too many. */
  readonly mayControl?: (() => boolean) | undefined;
}

export type FrameViolation = 'malformed_frame' | 'message_too_big' | 'control_flood';

/**
 * Reads the heads of WebSocket frames (RFC 6455 section 5.2) and skips their payload. It knows where one frame ends
 * and another one may be inserted, and how long messages are.
 */
export class FrameReader {
  /** A close frame has started. No frame may follow it. */
  sawClose = false;
  /** Once it is set, no more bytes are read. */
  violation: FrameViolation | undefined;
  /** Bytes of the current frame's payload that are still to come. */
  private payload = 0;
  /** Bytes of the current message, the current frame included. */
  private message = 0;

  constructor(private readonly limits: FrameLimits) {}

  /** True between two frames, where another frame may be inserted. */
  get atBoundary(): boolean {
    return this.payload === 0;
  }

  /**
   * @param stop stop at the first boundary
   * @returns how many bytes were read; the rest belongs to an incomplete head or violates a limit
   */
  read(chunk: Uint8Array, stop = false): number {
    const { length } = chunk;
    let at = 0;
    for (;;) {
      if (this.payload > 0) {
        const taken = Math.min(this.payload, length - at);
        this.payload -= taken;
        at += taken;
      }
      if (at === length || stop) return at;
      const size = this.readHead(chunk, at);
      if (size === 0) return at;
      at += size;
    }
  }

  /** @returns bytes of the head, or 0 when it is incomplete or violates a limit */
  private readHead(chunk: Uint8Array, at: number): number {
    if (at + 2 > chunk.length) return 0;
    const first = chunk[at] ?? 0;
    const second = chunk[at + 1] ?? 0;
    const short = second & LENGTH;
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    const size = 2 + lengthBytes + (second & MASKED ? 4 : 0);
    if (at + size > chunk.length) return 0;
    const payload = lengthBytes === 0 ? short : extendedLength(chunk, at + 2, lengthBytes);
    this.violation = this.violationOf(first, payload);
    if (this.violation !== undefined) return 0;
    this.payload = payload;
    return size;
  }

  private violationOf(first: number, payload: number): FrameViolation | undefined {
    const { maxMessageBytes, mayControl } = this.limits;
    const opcode = first & OPCODE;
    const isControl = opcode >= CLOSE;
    if (payload === Infinity || (isControl && (payload > MAX_CONTROL_PAYLOAD_BYTES || (first & FIN) === 0))) {
      return 'malformed_frame';
    }
    if (isControl && mayControl?.() === false) return 'control_flood';
    if (opcode === CLOSE) this.sawClose = true;
    if (isControl) return undefined;
    const message = this.message + payload;
    this.message = first & FIN ? 0 : message;
    return message > maxMessageBytes ? 'message_too_big' : undefined;
  }
}

/** @returns `Infinity` for a length above the safe integers */
function extendedLength(chunk: Uint8Array, at: number, bytes: number): number {
  let length = 0;
  for (let i = at; i < at + bytes; i++) length = length * 256 + (chunk[i] ?? 0);
  return Number.isSafeInteger(length) ? length : Infinity;
}

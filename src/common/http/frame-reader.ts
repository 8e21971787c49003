const CLOSE = 0x8;
const FIN = 0x80;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
/** Bytes; RFC 6455 section 5.5. */
const MAX_CONTROL_PAYLOAD = 125;

export interface FrameLimits {
  /** Bytes of payload of one message, over all its frames, as they are sent: compressed, if they are. */
  readonly maxMessageBytes: number;
  /** Asked before each frame that carries no data, control frames above all. */
  readonly mayControl?: (() => boolean) | undefined;
}

export type FrameViolation = 'malformed_frame' | 'message_too_big' | 'control_flood';

/**
 * Follows WebSocket frames (RFC 6455 section 5.2) by their heads, and so knows where another one may be put and how
 * long messages are. It looks into no payload and keeps none.
 */
export class FrameReader {
  /** A close frame has begun: nothing may follow it. */
  sawClose = false;
  /** Why nothing more may be read. */
  violation: FrameViolation | undefined;
  /** Of the frame under way, still to come. */
  private payload = 0;
  /** Of the message under way, with the frame under way. */
  private message = 0;

  constructor(private readonly limits: FrameLimits) {}

  /** Between two frames, where another one may be put. */
  get atBoundary(): boolean {
    return this.payload === 0;
  }

  /**
   * @param stop at the first boundary
   * @returns how many bytes were read; the others belong to a head that is not complete, or break a limit
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

  /** @returns bytes of the head, or 0 when it is not complete or nothing may follow it */
  private readHead(chunk: Uint8Array, at: number): number {
    if (at + 2 > chunk.length) return 0;
    const first = chunk[at] ?? 0;
    const second = chunk[at + 1] ?? 0;
    const short = second & LENGTH;
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    const size = 2 + lengthBytes + (second & MASKED ? 4 : 0);
    if (at + size > chunk.length) return 0;
    const payload = lengthBytes === 0 ? short : longLength(chunk, at + 2, lengthBytes);
    this.violation = this.violationOf(first, payload);
    if (this.violation !== undefined) return 0;
    this.payload = payload;
    return size;
  }

  private violationOf(first: number, payload: number): FrameViolation | undefined {
    const { maxMessageBytes, mayControl } = this.limits;
    const opcode = first & OPCODE;
    const isControl = opcode >= CLOSE;
    if (payload === Infinity || (isControl && (payload > MAX_CONTROL_PAYLOAD || (first & FIN) === 0))) {
      return 'malformed_frame';
    }
    // An empty frame costs whoever gets it as much as a ping.
    if ((isControl || payload === 0) && mayControl?.() === false) return 'control_flood';
    if (opcode === CLOSE) this.sawClose = true;
    if (isControl) return undefined;
    const message = this.message + payload;
    this.message = first & FIN ? 0 : message;
    return message > maxMessageBytes ? 'message_too_big' : undefined;
  }
}

/** @returns `Infinity` for what no number can hold */
function longLength(chunk: Uint8Array, at: number, bytes: number): number {
  let length = 0;
  for (let i = at; i < at + bytes; i++) length = length * 256 + (chunk[i] ?? 0);
  return Number.isSafeInteger(length) ? length : Infinity;
}

const CLOSE = 0x8;

/** Follows WebSocket frames (RFC 6455 section 5.2) just as far as to know where one ends. Keeps no payload. */
export class FrameBoundary {
  /** A close frame has begun: nothing may follow it. */
  sawClose = false;
  private readonly head: number[] = [];
  private payload = 0;

  /** Between two frames, where another one may be put. */
  get reached(): boolean {
    return this.payload === 0 && this.head.length === 0;
  }

  /**
   * @param stop at the first boundary
   * @returns how many bytes were read
   */
  read(chunk: Uint8Array, stop = false): number {
    let at = 0;
    while (at < chunk.length) {
      if (stop && this.reached) return at;
      if (this.payload > 0) {
        const taken = Math.min(this.payload, chunk.length - at);
        this.payload -= taken;
        at += taken;
        continue;
      }
      this.head.push(chunk[at++] ?? 0);
      const payload = payloadOf(this.head);
      if (payload === undefined) continue;
      this.sawClose ||= ((this.head[0] ?? 0) & 0x0f) === CLOSE;
      this.payload = payload;
      this.head.length = 0;
    }
    return at;
  }
}

/** @returns bytes after the head, or `undefined` while it is not complete */
function payloadOf(head: readonly number[]): number | undefined {
  const [, second] = head;
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskBytes = second & 0x80 ? 4 : 0;
  if (head.length < 2 + lengthBytes + maskBytes) return undefined;
  if (lengthBytes === 0) return short;
  return head.slice(2, 2 + lengthBytes).reduce((length, byte) => length * 256 + byte, 0);
}

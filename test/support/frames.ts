/** The first bytes of frames (RFC 6455 section 5.2); without `FIN`, more fragments of the message follow. */
export const FIN = 0x80;
export const MORE = 0x00;
export const TEXT = 0x01;
export const BINARY = 0x02;
export const CLOSE = FIN | 0x08;
export const PING = FIN | 0x09;

export interface Frame {
  readonly first: number;
  readonly isMasked: boolean;
  readonly payload: Buffer;
}

/** @returns a frame, masked like those of clients unless `mask` is empty */
export function frame(first: number, payload: string | Buffer = '', mask = [1, 2, 3, 4]): Buffer {
  const bytes = Buffer.from(payload).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([frameHead(first, bytes.length, mask), bytes]);
}

/** @returns a frame as upstreams send it */
export function bareFrame(first: number, payload: string | Buffer = ''): Buffer {
  return frame(first, payload, []);
}

/** @returns the header of a frame */
export function frameHead(first: number, length: number, mask = [1, 2, 3, 4]): Buffer {
  const masked = mask.length > 0 ? 0x80 : 0;
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(length));
  const size =
    length < 126
      ? [masked | length]
      : length < 65_536
        ? [masked | 126, ...long.subarray(6)]
        : [masked | 127, ...long];
  return Buffer.from([first, ...size, ...mask]);
}

/**
 * Parses consecutive frames.
 *
 * @throws Error when the last one is incomplete
 */
export function framesIn(bytes: Buffer | string): Frame[] {
  let rest = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  const frames: Frame[] = [];
  while (rest.length > 0) {
    const [first = 0, second = 0] = rest;
    const isMasked = (second & 0x80) !== 0;
    const short = second & 0x7f;
    let at = 2 + (short < 126 ? 0 : short === 126 ? 2 : 8);
    if (rest.length < at) throw new Error(`Half a frame of ${rest.length} bytes`);
    const length =
      short < 126 ? short : Number(short === 126 ? rest.readUInt16BE(2) : rest.readBigUInt64BE(2));
    const mask = isMasked ? rest.subarray(at, (at += 4)) : [];
    if (rest.length < at + length) throw new Error(`Half a frame of ${rest.length} bytes`);
    const payload = rest.subarray(at, at + length);
    const plain = isMasked ? payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0)) : payload;
    frames.push({ first, isMasked, payload: Buffer.from(plain) });
    rest = rest.subarray(at + length);
  }
  return frames;
}

/** @returns the code and reason of a close frame */
export function closeOf({ payload }: Frame): { code: number; reason: string } {
  return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}

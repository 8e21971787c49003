import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

export const MIB = 1024 * 1024;
const PIECE = 64 * 1024;

/** The size and hash of a body that is not kept. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** A body that is never in memory as a whole and whose pieces all differ. */
export class Bulk {
  private readonly hash = createHash('sha256');
  private sent = 0;

  constructor(private readonly total: number) {}

  /** Bytes generated so far. */
  get bytes(): number {
    return this.sent;
  }

  /** Can be read only once. */
  readable(): Readable {
    return Readable.from(this.pieces(), { objectMode: false, highWaterMark: PIECE });
  }

  /** Complete once the body was read to its end. */
  digest(): Digest {
    return { bytes: this.sent, sha256: this.hash.digest('hex') };
  }

  private *pieces(): Generator<Buffer> {
    const noise = randomBytes(PIECE);
    while (this.sent < this.total) {
      const piece = Buffer.from(noise.subarray(0, Math.min(PIECE, this.total - this.sent)));
      piece.writeDoubleLE(this.sent);
      this.hash.update(piece);
      this.sent += piece.length;
      yield piece;
    }
  }
}

/** Reads a body to its end. */
export async function digestOf(body: AsyncIterable<Buffer>): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

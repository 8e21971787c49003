import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ProblemError } from '../../common/errors/problem.js';

/** Bytes around a chunk of one byte: up to eight digits of its size, and two line ends. */
const MAX_CHUNK_FRAMING = 12;
/** Bytes: the longest chunk extension that Node accepts, and what it may have read of the next requests. */
const FRAMING_SLACK = 80 * 1024;

/** A copy that fills while a body streams by. */
interface Copy {
  maxBytes: number;
  /** `undefined` once it has grown too large, or is complete. */
  chunks: Buffer[] | undefined;
  bytes: Buffer | undefined;
  readonly onComplete: Array<(bytes: Buffer) => void>;
}

/**
 * A request body on its way from a client to an upstream: counted while it streams, with back-pressure, and kept for a
 * second use only if somebody asks for a copy. It stands between the two sockets because undici destroys the body it is
 * given when a call fails, and the client's socket must live on to carry the answer.
 */
export class ClientBody extends Readable {
  private received = 0;
  private copy: Copy | undefined;
  /** Set for a chunked body: what the socket had read before it. */
  private readonly readBefore: number | undefined;
  /** Reads the same request after this body was destroyed. */
  private successor: ClientBody | undefined;
  private readonly onData = (chunk: Buffer) => {
    this.received += chunk.length;
    if (this.received > this.maxBytes || this.isMostlyFraming()) {
      this.destroy(new ProblemError('body_too_large', { close: true }));
      return;
    }
    this.addToCopy(chunk);
    if (!this.push(chunk)) this.req.pause();
  };
  private readonly onEnd = () => {
    this.push(null);
    this.completeCopy();
  };

  constructor(
    private readonly req: IncomingMessage,
    private readonly maxBytes: number,
  ) {
    super();
    // Its reader learns of its end in other ways, and not always in time: a body that is destroyed while the connection
    // is still being made has no other listener yet.
    this.on('error', () => undefined);
    if (req.headers['content-length'] === undefined) this.readBefore = req.socket.bytesRead;
    // Paused first: a listener would start to read, and so answer the `Expect: 100-continue` of a client.
    req.pause().on('data', this.onData).once('end', this.onEnd);
  }

  /**
   * Keeps a copy while the body streams. To be called before it does.
   *
   * @param maxBytes a larger body is not kept, unless another caller keeps more
   * @param onComplete called with the copy once the whole body has streamed, and never if it was cut off or is larger
   *   than this caller's `maxBytes`
   */
  keep(maxBytes: number, onComplete?: (bytes: Buffer) => void): void {
    this.copy ??= { maxBytes, chunks: [], bytes: undefined, onComplete: [] };
    this.copy.maxBytes = Math.max(this.copy.maxBytes, maxBytes);
    if (!onComplete) return;
    this.copy.onComplete.push((bytes) => {
      if (bytes.length <= maxBytes) onComplete(bytes);
    });
  }

  /**
   * Reads the whole body, nothing of which has streamed yet, into its copy.
   *
   * @throws the error that the body is destroyed with
   */
  async gather(): Promise<Buffer> {
    let gathered: Buffer = Buffer.alloc(0);
    this.keep(this.maxBytes, (bytes) => (gathered = bytes));
    await finished(this.resume());
    return gathered;
  }

  /**
   * @returns the body for another call: its copy, or itself, from its first byte, as long as nothing of it was read;
   *   `undefined` when it cannot be sent again
   */
  replay(): Buffer | ClientBody | undefined {
    if (this.copy?.bytes) return this.copy.bytes;
    // What a successor has read is missing here as well.
    if (this.successor) return this.successor.replay();
    if (this.received > 0 || this.req.readableEnded) return undefined;
    if (!this.destroyed) return this;
    this.successor = new ClientBody(this.req, this.maxBytes);
    this.successor.copy = this.copy;
    return this.successor;
  }

  override _read(): void {
    this.req.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // Detached, not destroyed: whoever answers the client decides what happens to the rest.
    this.req.off('data', this.onData).off('end', this.onEnd).pause();
    callback(error);
  }

  private addToCopy(chunk: Buffer): void {
    if (!this.copy?.chunks) return;
    if (this.received > this.copy.maxBytes) this.copy.chunks = undefined;
    else this.copy.chunks.push(chunk);
  }

  private completeCopy(): void {
    if (!this.copy?.chunks) return;
    this.copy.bytes = Buffer.concat(this.copy.chunks);
    this.copy.chunks = undefined;
    for (const onComplete of this.copy.onComplete) onComplete(this.copy.bytes);
  }

  /** Node bounds the extensions of one chunk, not of all (CVE-2024-22019 was about those of one). */
  private isMostlyFraming(): boolean {
    if (this.readBefore === undefined) return false;
    const bodyBytes = this.received + this.req.readableLength;
    return this.req.socket.bytesRead - this.readBefore > bodyBytes * (1 + MAX_CHUNK_FRAMING) + FRAMING_SLACK;
  }
}

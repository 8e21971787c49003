import type { IncomingMessage } from 'node:http';
import { ProblemError } from '../../common/errors/problem.js';
import { ClientBody } from '../upstream/retry/client-body.js';
import { BodyCopy, MAX_COPY_BYTES } from './body-copy.js';

/** Bytes that frame a byte which is a chunk by itself: up to eight digits, and two ends of a line. */
const MOST_FRAMING = 12;
/** Bytes: the longest extension that Node takes, and what it may have read of the next requests. */
const FRAMING_SLACK = 80 * 1024;

/**
 * A request body on its way to an upstream: counted while it streams, with back-pressure, never gathered.
 * It stands between the two sockets because undici destroys the body it is given when a call fails, and the
 * client's socket must live on to carry the answer.
 */
export class RequestBody extends ClientBody {
  private received = 0;
  private copy: BodyCopy | undefined;
  /** Of a chunked body: what the socket had read before it. */
  private readonly readBefore: number | undefined;
  private successor: RequestBody | undefined;
  private readonly onData = (chunk: Buffer) => {
    this.received += chunk.length;
    if (this.received > this.maxBytes || this.isMostlyFraming())
      this.destroy(new ProblemError('body_too_large', { close: true }));
    else {
      this.copy?.add(chunk);
      if (!this.push(chunk)) this.req.pause();
    }
  };
  private readonly onEnd = () => {
    this.push(null);
    this.copy?.end();
  };

  constructor(
    private readonly req: IncomingMessage,
    private readonly maxBytes: number,
  ) {
    super();
    // Whoever sends it hears of its end by other ways, and not always in time: one that is destroyed while the
    // connection is still being made has nobody to listen yet.
    this.on('error', () => undefined);
    if (req.headers['content-length'] === undefined) this.readBefore = req.socket.bytesRead;
    // Paused first: a listener would begin to read, and tell a client to go on that waits to be told.
    req.pause().on('data', this.onData).once('end', this.onEnd);
  }

  /**
   * @param maxBytes of a body that is kept
   * @returns a copy that fills while the body streams; to be asked for before it does
   */
  keep(maxBytes = MAX_COPY_BYTES): BodyCopy {
    this.copy ??= new BodyCopy();
    this.copy.maxBytes = Math.max(this.copy.maxBytes, maxBytes);
    return this.copy;
  }

  /** The whole body, if it was to be kept and has gone by. */
  get copied(): Buffer | undefined {
    return this.copy?.body;
  }

  override untouched(): RequestBody | undefined {
    // What was taken from the client since then is gone for this one as well.
    if (this.successor) return this.successor.untouched();
    if (this.received > 0 || this.req.readableEnded) return undefined;
    if (!this.destroyed) return this;
    this.successor = new RequestBody(this.req, this.maxBytes);
    this.successor.copy = this.copy;
    return this.successor;
  }

  /** Node bounds the extensions of one chunk, not of all (CVE-2024-22019 was about those of one). */
  private isMostlyFraming(): boolean {
    if (this.readBefore === undefined) return false;
    const bodyBytes = this.received + this.req.readableLength;
    return this.req.socket.bytesRead - this.readBefore > bodyBytes * (1 + MOST_FRAMING) + FRAMING_SLACK;
  }

  override _read(): void {
    this.req.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // Detached, not destroyed: whoever answers the client decides what becomes of the rest.
    this.req.off('data', this.onData).off('end', this.onEnd).pause();
    callback(error);
  }
}

import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { ProblemError } from '../../common/errors/problem.js';
import { BodyCopy } from './body-copy.js';

/**
 * A request body on its way to an upstream: counted while it streams, with back-pressure, never gathered.
 * It stands between the two sockets because undici destroys the body it is given when a call fails, and the
 * client's socket must live on to carry the answer.
 */
export class RequestBody extends Readable {
  private received = 0;
  private copy: BodyCopy | undefined;
  private readonly onData = (chunk: Buffer) => {
    this.received += chunk.length;
    if (this.received > this.maxBytes) this.destroy(new ProblemError('body_too_large', { close: true }));
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
    req.on('data', this.onData).once('end', this.onEnd).pause();
  }

  /** @returns a copy that fills while the body streams; to be asked for before it does */
  keep(): BodyCopy {
    return (this.copy ??= new BodyCopy());
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

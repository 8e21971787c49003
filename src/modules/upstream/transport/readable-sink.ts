import { Readable } from 'node:stream';
import type { BodySink } from '../upstream.types.js';

/** A response body as a Node stream. To destroy it before its end gives the call up. */
export class ReadableSink extends Readable implements BodySink {
  private resumeSource: (() => void) | undefined;
  private finished = false;

  constructor(private readonly abort: () => void) {
    super();
  }

  onData(chunk: Buffer, resume: () => void): boolean {
    this.resumeSource = resume;
    return this.push(chunk);
  }

  onEnd(): void {
    this.finished = true;
    this.push(null);
  }

  onError(error: Error): void {
    this.finished = true;
    this.destroy(error);
  }

  override _read(): void {
    this.resumeSource?.();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.finished) this.abort();
    callback(error);
  }
}

/** Larger bodies are not kept, unless somebody asks for it. */
export const MAX_COPY_BYTES = 64 * 1024;

/** A copy of a request body, gathered within a bound while the body streams by. It never holds the body up. */
export class BodyCopy {
  maxBytes = MAX_COPY_BYTES;
  private chunks: Buffer[] | undefined = [];
  private size = 0;
  private complete: Buffer | undefined;
  private listener: ((body: Buffer) => void) | undefined;

  /** The body, once it has gone by and was within the bound. */
  get body(): Buffer | undefined {
    return this.complete;
  }

  /** Tells once when the copy is complete; never of one that grew too large or was cut off. */
  whenComplete(listener: (body: Buffer) => void): void {
    this.listener = listener;
  }

  add(chunk: Buffer): void {
    if (!this.chunks) return;
    this.size += chunk.length;
    if (this.size > this.maxBytes) this.chunks = undefined;
    else this.chunks.push(chunk);
  }

  end(): void {
    if (!this.chunks) return;
    this.complete = Buffer.concat(this.chunks);
    this.chunks = undefined;
    this.listener?.(this.complete);
  }
}

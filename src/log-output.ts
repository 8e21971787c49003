import { fstatSync, write, writeSync } from 'node:fs';

/** Bytes that are enough for a write of their own; a pipe holds as many. */
const PIECE = 64 * 1024;
/** Milliseconds that a line waits for others. */
const FLUSH_MS = 100;
/** Milliseconds until a descriptor that does not block is tried again, because its reader is slow. */
const RETRY_MS = 10;
/** Milliseconds that the end of the process waits for a reader that takes nothing. */
const LAST_WAIT_MS = 1_000;
/** Bytes of lines that wait for a reader that is slow. */
const MAX_WAITING = 8 * 1024 * 1024;

/** Lines that are written in one go, and the bytes of them that have been written. */
interface Piece {
  readonly bytes: Buffer;
  written: number;
}

/**
 * Writes lines to a file descriptor in large pieces, so that requests do not wait for the reader of the log: a pipe takes
 * what it has room for, and anything else is written in a thread of libuv's pool. A log that is not read costs lines, and
 * neither time nor memory without end.
 *
 * It does less than pino's own destination, which takes twice the time for a line of the access log.
 */
export class LogOutput {
  /** Lines that were dropped, because nobody has read those before them or the disk is full. */
  dropped = 0;
  private lines: string[] = [];
  /** Bytes of these lines. */
  private waiting = 0;
  private isWriting = false;
  /** A piece of which the reader has not taken all. */
  private rest: Piece | undefined;
  private timer: NodeJS.Timeout | undefined;
  private hasReader = true;
  /** Whether the descriptor refuses what its reader has no room for. */
  private readonly isNonBlocking: boolean;

  /** @param fd of a stream of Node, such as `stdout.fd` */
  constructor(private readonly fd: number) {
    this.isNonBlocking = isNonBlocking(fd);
    process.on('exit', () => this.flushSync());
  }

  /** @param lines one or more, each with its end of line */
  readonly write = (lines: string): void => {
    const length = Buffer.byteLength(lines);
    if (this.waiting + length > MAX_WAITING) {
      this.dropped += countLines(lines);
    } else if (this.hasReader) {
      this.lines.push(lines);
      this.waiting += length;
      this.schedule();
    }
  };

  private schedule(): void {
    if (this.isWriting || this.waiting === 0) return;
    if (this.waiting >= PIECE) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isWriting = true;
    if (this.isNonBlocking) this.continueNow(this.take());
    else this.continue(this.take());
  }

  private continue(piece: Piece): void {
    write(this.fd, piece.bytes, piece.written, undefined, undefined, (error, written) => {
      piece.written += written;
      if (isFull(error)) this.retry(piece);
      else if (error) this.end(error, piece);
      else if (piece.written < piece.bytes.length) this.continue(piece);
      else this.end(undefined, piece);
    });
  }

  /** In this thread, where the end of the process knows what has been written, and which does not wait. */
  private continueNow(piece: Piece): void {
    try {
      while (piece.written < piece.bytes.length)
        piece.written += writeSync(this.fd, piece.bytes, piece.written);
      // Requests get their turn between two pieces.
      setImmediate(() => this.end(undefined, piece));
    } catch (error) {
      if (isFull(error)) this.retry(piece);
      // `writeSync` throws nothing else.
      else setImmediate(() => this.end(error as NodeJS.ErrnoException, piece));
    }
  }

  private retry(piece: Piece): void {
    this.rest = piece;
    setTimeout(() => this.continueNow(piece), RETRY_MS).unref();
  }

  private end(error: NodeJS.ErrnoException | undefined, { bytes }: Piece): void {
    this.isWriting = false;
    this.rest = undefined;
    if (error) this.dropped += countLines(bytes.toString());
    if (error?.code === 'EPIPE') this.stop();
    this.schedule();
  }

  /** The reader has gone, and does not come back. */
  private stop(): void {
    this.hasReader = false;
    this.lines = [];
    this.waiting = 0;
  }

  /** Nothing runs after the end of the process, so what is left is written now or lost. */
  private flushSync(): void {
    const { rest } = this;
    try {
      if (rest) this.writeSync(rest.bytes.subarray(rest.written));
      this.writeSync(this.take().bytes);
    } catch {
      // The reader has gone, or does not read: there is nobody to tell.
    }
  }

  private writeSync(bytes: Buffer): void {
    let waited = 0;
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(this.fd, bytes, written);
        waited = 0;
      } catch (error) {
        if (!isFull(error) || waited >= LAST_WAIT_MS) throw error;
        pauseThread(RETRY_MS);
        waited += RETRY_MS;
      }
    }
  }

  private take(): Piece {
    const bytes = Buffer.from(this.lines.join(''));
    this.lines = [];
    this.waiting = 0;
    return { bytes, written: 0 };
  }
}

function countLines(lines: string): number {
  return lines.split('\n').length - 1;
}

/** Node makes pipes so when it opens them, except on Windows. */
function isNonBlocking(fd: number): boolean {
  const stats = fstatSync(fd);
  return process.platform !== 'win32' && (stats.isFIFO() || stats.isSocket());
}

/** Whether a descriptor that does not block takes nothing at the moment. */
function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

/** For the end of the process, when no timer fires any more. */
function pauseThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

import type { Readable } from 'node:stream';
import type { Cancellation } from '../../common/cancellation.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { UpstreamError } from './upstream.error.js';

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, below the upstream's own path prefix. */
  readonly path: string;
  /** Names and values in turn; no framing field. */
  readonly headers?: readonly string[];
  readonly body?: Readable | Buffer | string;
  /** Bytes of a streamed body, if known; otherwise it is sent chunked. */
  readonly contentLength?: number;
  /** What `balancer: consistent-hash` goes by. */
  readonly hashKey?: string;
  /** Milliseconds until response headers; default: the upstream's `timeout`. */
  readonly timeout?: number;
  /** Aborting it is the client's doing: the upstream's breaker hears nothing of it. */
  readonly signal?: Cancellation;
}

/** Takes a response body as it arrives. */
export interface BodySink {
  /** @returns false to be sent nothing until `resume` is called */
  onData(chunk: Buffer, resume: () => void): boolean;
  /** The body is complete. */
  onEnd(outcome: Outcome): void;
  /** The body was cut off; what was passed on so far must not look complete. */
  onError(error: UpstreamError): void;
}

/** A body that is here already, all of it in one piece. */
export interface WholeBody {
  readonly bytes: Buffer;
  readonly outcome: Outcome;
}

export interface UpstreamResponse {
  readonly status: number;
  /** Lower-cased names. */
  readonly headers: HeaderRecord;
  /** Bytes of the body, if the upstream said so. */
  readonly contentLength: number | undefined;
  /** @returns the body, if it came with the head; `stream` is not called then */
  whole(): WholeBody | undefined;
  /** Starts the body; may be called once, and must be: an unread body holds a connection. */
  stream(sink: BodySink): void;
  /** The body as a stream, for code that reads it in pieces. */
  readable(): Readable;
  /** @throws UpstreamError when the body is cut off */
  text(): Promise<string>;
  /**
   * @throws UpstreamError when the body is cut off
   * @throws SyntaxError when it is no JSON
   */
  json(): Promise<unknown>;
}

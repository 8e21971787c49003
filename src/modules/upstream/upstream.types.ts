import type { Duplex, Readable } from 'node:stream';
import type { Cancellation } from '../../common/cancellation.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { UpstreamError } from './upstream.error.js';

/** Asks for another protocol on the connection. */
export interface UpgradeRequest {
  /** Value of `Upgrade`. */
  readonly protocol: string;
  /** Is a 101 with these headers the one that was asked for? Anything else is a malformed answer. */
  isAccepted(headers: HeaderRecord): boolean;
}

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
  /** With it the answer is a 101 with a `socket`, or the ordinary answer of an upstream that declines. */
  readonly upgrade?: UpgradeRequest;
  /** Aborting it is the client's doing: the upstream's breaker hears nothing of it. */
  readonly signal?: Cancellation;
  /** Called when the time of the call begins: a body that is to be kept has been gathered by then. */
  readonly begun?: () => void;
}

/** Takes a response body as it arrives. */
export interface BodySink {
  /** @returns false to be sent nothing until `resume` is called */
  onData(chunk: Buffer, resume: () => void): boolean;
  /**
   * The body is complete.
   *
   * @param trailers lower-cased names, as the upstream sent them; missing when there is none
   */
  onEnd(outcome: Outcome, trailers?: HeaderRecord): void;
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
  /** Can a body that ends early be told from a whole one? Not where only the end of the connection ends it. */
  readonly isDelimited: boolean;
  /** @returns the body, if it came with the head; `stream` is not called then */
  whole(): WholeBody | undefined;
  /** The connection itself, after a 101: the caller's from now on, and no call to the upstream any more. */
  readonly socket: Duplex | undefined;
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

import type { Duplex, Readable } from 'node:stream';
import type { Cancellation } from '../../common/cancellation.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { Trace } from '../../common/http/trace-context.js';
import type { Deadline } from '../../common/resilience/deadline.js';
import type { TryRecord } from '../../common/try-record.js';
import type { UpstreamError } from './upstream.error.js';

/** Asks for another protocol on the connection. */
export interface UpgradeRequest {
  /** Value of `Upgrade`. */
  readonly protocol: string;
  /** @returns whether a 101 with these headers is the one that was asked for; any other is a malformed response */
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
  /** The key that `balancer: consistent-hash` hashes. */
  readonly hashKey?: string;
  /** Milliseconds until response headers; default: the upstream's `timeout`. */
  readonly timeout?: number;
  /**
   * In place of `timeout`, for a caller that reads afterwards what is left of it. It starts when the time of the call
   * does: once a body that is kept for retries has been gathered.
   */
  readonly deadline?: Deadline;
  /** Whether the response is likely to have no end: a WebSocket or an event stream. It is refused without room for one more. */
  readonly isStream?: boolean;
  /** Milliseconds of silence after which an event stream is cut, 0 for never; default: the upstream's `streamIdleTimeout`. */
  readonly streamIdleTimeout?: number;
  /** With it the response is a 101 with a `socket`, or the ordinary response of an upstream that declines. */
  readonly upgrade?: UpgradeRequest;
  /** Called for each interim response of each try, such as `103 Early Hints`; never for a 100 or a 101. */
  readonly onInterim?: (status: number, headers: HeaderRecord) => void;
  /** Gets each try of the call when it starts, for logs. */
  readonly tries?: TryRecord[];
  /** The trace of the request that the call belongs to. If it is recorded, each try has a span, whose id the upstream gets. */
  readonly trace?: Trace | undefined;
  /** Aborts the call on behalf of the client, which is no vote at the upstream's breaker. */
  readonly signal?: Cancellation;
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

/** A body that has arrived completely, in one piece. */
export interface WholeBody {
  readonly bytes: Buffer;
  readonly outcome: Outcome;
}

export interface UpstreamResponse {
  /** URL of the target that has answered. */
  readonly target?: string | undefined;
  readonly status: number;
  /** Lower-cased names. */
  readonly headers: HeaderRecord;
  /** Monotonic milliseconds at which the request was sent: any wait for a connection was before. */
  readonly sentAt: number;
  /** Bytes of the body, if the upstream said so. */
  readonly contentLength: number | undefined;
  /** Whether a truncated body can be told from a whole one. It cannot where only the end of the connection ends it. */
  readonly isDelimited: boolean;
  /** @returns the body, if it came with the head; `stream` is not called then */
  whole(): WholeBody | undefined;
  /** The connection itself, after a 101. It belongs to the caller from then on, and the call is over. */
  readonly socket: Duplex | undefined;
  /** Starts the body. Call this or `discard` once: an unread body holds a connection. */
  stream(sink: BodySink): void;
  /**
   * Reads the body and drops it, so that its connection can be used again. A longer or slower body is given up.
   *
   * @param maxBytes default: 64 KiB
   * @param maxMs milliseconds until the body has to end; default: 250
   * @returns a promise that resolves when the call is over, and never rejects
   */
  discard(maxBytes?: number, maxMs?: number): Promise<void>;
  /** The body as a stream, for code that reads it in pieces. */
  readable(): Readable;
  /** @throws UpstreamError when the body is cut off */
  text(): Promise<string>;
  /**
   * @throws UpstreamError when the body is cut off
   * @throws SyntaxError when it is not JSON
   */
  json(): Promise<unknown>;
}

import type { HeaderRecord } from '../../common/http/response-headers.js';

/** What the cache has decided about a request. */
export type CacheDecision = CacheBypass | CacheHit | CacheForward;

/** A whole response from the cache. */
export interface StoredResponse {
  readonly status: number;
  readonly headers: HeaderRecord;
  readonly body: Uint8Array;
  /** Headers that this use of it adds, names and values in turn. */
  readonly added?: readonly string[];
}

/** The head of a response, as far as a tap needs it. Every `UpstreamResponse` is one. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: HeaderRecord;
  /** As in `UpstreamResponse`; without it, the body is known to be whole. */
  readonly isDelimited?: boolean;
  /** Monotonic milliseconds at which the request was sent. */
  readonly sentAt?: number;
}

/** Watches the upstream's response on its way to the client. It never delays it. */
export interface ResponseTap {
  /** @returns what the client gets instead: the copy that a 304 confirms, or a stale copy in place of an error */
  onHead(head: ResponseHead): CacheHit | undefined;
  /** Whether it collects the body, because the response is going to be stored. */
  readonly isCollecting?: boolean;
  onData?(chunk: Uint8Array): void;
  /** @returns whether to read on although the client is slow, since others wait for the response */
  onBlocked?(): boolean;
  /**
   * The body is complete. Without this call it was cut off.
   *
   * @returns what the client gets of it, where `CacheForward.wantsPart` says so
   */
  onEnd?(): CacheHit | undefined;
  /** There is no response to watch, because a stale copy or another answer takes its place. */
  onReplaced?(by: 'stale' | 'other'): void;
}

/** The cache does not answer this request. */
export interface CacheBypass {
  readonly kind: 'bypass';
  /** `undefined` on a route without a cache. */
  readonly status: string | undefined;
  /** Watches for what the answer to an unsafe method invalidates. */
  readonly tap: ResponseTap | undefined;
}

/** The client gets a stored response. */
export interface CacheHit {
  readonly kind: 'hit';
  readonly result: 'hit' | 'stale' | 'revalidated' | 'miss';
  /** `Cache-Status` of the answer (RFC 9211). */
  readonly status: string;
  readonly response: StoredResponse;
  /** The call that fetches a newer answer while the client gets this one (RFC 5861 section 3). */
  readonly refresh?: CacheRefresh | undefined;
}

/** The request goes to the upstream. */
export interface CacheForward {
  readonly kind: 'forward';
  readonly status: string;
  /** What the upstream is asked with instead of the client's own conditions, names and values in turn. */
  readonly conditions: readonly string[] | undefined;
  readonly tap: ResponseTap | undefined;
  /**
   * The client asks for a part (HEAD, a range) or has a condition, and the upstream is asked for the whole response
   * without a condition. The client's answer is made of what is stored then.
   */
  readonly wantsPart?: boolean;
  /** It has waited for the response to another request until its own deadline, and fails like a call that did. */
  readonly isTimedOut?: boolean;
  /** @returns the last good answer, for when the upstream has none; `undefined` once it has become invalid */
  readonly stale: ((upstreamStatus?: number) => CacheHit | undefined) | undefined;
}

export interface CacheRefresh {
  readonly conditions: readonly string[] | undefined;
  readonly tap: ResponseTap;
  /** The call is over, however it ended. */
  readonly onDone: () => void;
}

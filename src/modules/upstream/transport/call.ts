import { buffer, text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Outcome } from '../../../common/errors/outcomes.js';
import type { HeaderRecord } from '../../../common/http/response-headers.js';
import { UpstreamError } from '../upstream.error.js';
import type { BodySink, UpstreamResponse } from '../upstream.types.js';
import { type CallPhase, CallerGoneError, classifyFailure, DeadlineError, errorCode } from './classify.js';
import { ReadableSink } from './readable-sink.js';
import { readFraming } from './response-head.js';

/** Beyond this many bytes that nobody has asked for yet, the upstream is told to wait. */
const MAX_PENDING = 64 * 1024;

export interface CallOptions {
  readonly upstream: string;
  /** Milliseconds until response headers. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  /** Statuses that count as the upstream's failure. */
  readonly failureStatuses: ReadonlySet<number>;
  /** Called once, when nothing more will come. */
  readonly onSettled: (outcome: Outcome, detail: string) => void;
}

type Handlers = Required<
  Pick<
    Dispatcher.DispatchHandler,
    'onRequestStart' | 'onResponseStart' | 'onResponseData' | 'onResponseEnd' | 'onResponseError'
  >
>;

/**
 * One call in flight: undici's handler on one side, the response on the other. The head settles a promise;
 * the body flows to a sink as it arrives, with back-pressure, and is never gathered.
 */
export class Call implements Handlers, UpstreamResponse {
  status = 0;
  headers: HeaderRecord = {};
  contentLength: number | undefined;

  private phase: CallPhase = 'connecting';
  private settled = false;
  private aborted: Error | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private sink: BodySink | undefined;
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private ended: Outcome | undefined;
  private failure: UpstreamError | undefined;
  private readonly deadline: NodeJS.Timeout;
  private readonly onAbort = () => this.abort(new CallerGoneError());
  private readonly resume = () => this.controller?.resume();

  constructor(
    private readonly options: CallOptions,
    private readonly resolve: (response: UpstreamResponse) => void,
    private readonly reject: (error: UpstreamError) => void,
  ) {
    this.deadline = setTimeout(() => this.abort(new DeadlineError()), options.timeout);
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
    if (options.signal?.aborted) this.onAbort();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.phase = 'awaiting-head';
    // Given up while it was still waiting for a connection.
    if (this.aborted) controller.abort(this.aborted);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: HeaderRecord): void {
    // Interim responses are between the upstream and us.
    if (status < 200) return;
    try {
      this.contentLength = readFraming(headers);
    } catch (error) {
      controller.abort(error as Error);
      return;
    }
    clearTimeout(this.deadline);
    this.phase = 'streaming';
    this.status = status;
    this.headers = headers;
    this.resolve(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.sink) {
      if (!this.sink.onData(chunk, this.resume)) controller.pause();
      return;
    }
    // The head's promise runs its continuation a tick later; a short body is here by then.
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    if (this.pendingBytes > MAX_PENDING) controller.pause();
  }

  onResponseEnd(): void {
    this.ended = this.options.failureStatuses.has(this.status) ? 'upstream_status' : 'success';
    this.settle(this.ended, String(this.status));
    this.sink?.onEnd(this.ended);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const cause = this.aborted ?? error;
    const outcome = classifyFailure(cause, this.phase);
    this.failure = new UpstreamError(this.options.upstream, outcome, { cause });
    this.settle(outcome, errorCode(cause));
    if (this.phase !== 'streaming') this.reject(this.failure);
    else this.sink?.onError(this.failure);
  }

  stream(sink: BodySink): void {
    this.sink = sink;
    let flowing = true;
    for (const chunk of this.pending) flowing = sink.onData(chunk, this.resume) && flowing;
    const waited = this.pendingBytes > MAX_PENDING;
    this.pending = [];
    if (this.failure) sink.onError(this.failure);
    else if (this.ended) sink.onEnd(this.ended);
    else if (!flowing) this.controller?.pause();
    else if (waited) this.controller?.resume();
  }

  readable(): Readable {
    const sink = new ReadableSink(() => this.abort(new CallerGoneError()));
    this.stream(sink);
    return sink;
  }

  text(): Promise<string> {
    return text(this.readable());
  }

  async json(): Promise<unknown> {
    return JSON.parse((await buffer(this.readable())).toString('utf8'));
  }

  private abort(reason: Error): void {
    if (this.settled || this.aborted) return;
    this.aborted = reason;
    if (this.controller) this.controller.abort(reason);
    else this.onResponseError(undefined, reason);
  }

  private settle(outcome: Outcome, detail: string): void {
    if (this.settled) return;
    this.settled = true;
    clearTimeout(this.deadline);
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.options.onSettled(outcome, detail);
  }
}

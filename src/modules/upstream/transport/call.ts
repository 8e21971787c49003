import { json, text } from 'node:stream/consumers';
import { type Duplex, Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { type Clock, LONG_STALL, StallExtension } from '../../../common/clock.js';
import type { Outcome } from '../../../common/errors/outcomes.js';
import { type HeaderRecord, isEventStream } from '../../../common/http/response-headers.js';
import { UpstreamError } from '../upstream.error.js';
import type { BodySink, UpstreamRequest, UpstreamResponse, WholeBody } from '../upstream.types.js';
import { CallError, type CallPhase, classifyFailure, errorCode } from './classify.js';
import { isLengthTrailer } from './length-trailer.patch.js';
import { malformed, readFraming } from './response-head.js';
import { Stopwatch, timeOfSending } from './stopwatch.js';

/** Bytes that wait here for a sink before the upstream is paused. */
const MAX_PENDING = 64 * 1024;
/** Bytes. To read more of an unwanted body costs more than a new connection. */
const MAX_DISCARDED = 64 * 1024;
/** Milliseconds in which a discarded body has to end. */
const MAX_DISCARD_MS = 250;

export interface CallOptions {
  readonly upstream: string;
  /** URL of the target, for the record of a failure. */
  readonly target?: string;
  readonly clock: Clock;
  readonly request: Pick<UpstreamRequest, 'body' | 'signal' | 'onInterim' | 'upgrade'>;
  /** Milliseconds until response headers. */
  readonly timeout: number;
  /** The outcome when they do not come in time. */
  readonly onTimeout: 'deadline' | 'short_deadline' | 'try_timeout';
  /** Milliseconds in which nothing of a body arrives, until it is given up; 0 for no limit. */
  readonly bodyTimeout: number;
  /** In place of `bodyTimeout`, for event streams. */
  readonly streamIdleTimeout: number;
  /** Statuses that count as a failure of the upstream. */
  readonly failureStatuses: ReadonlySet<number>;
  /** Either this or `onFailure` is called, once. */
  readonly onHead: (response: Call) => void;
  readonly onFailure: (error: UpstreamError) => void;
}

type SettledListener = (outcome: Outcome, detail: string) => void;

/**
 * One call in flight: undici's handler on one side, the response on the other. The head settles a promise; the body flows
 * to a sink as it arrives, with back-pressure, and is never gathered.
 */
export class Call implements Dispatcher.DispatchHandler, UpstreamResponse {
  status = 0;
  headers: HeaderRecord = {};
  contentLength: number | undefined;
  sentAt = 0;
  socket: Duplex | undefined;

  private phase: CallPhase = 'connecting';
  private settled: readonly [outcome: Outcome, detail: string] | undefined;
  private readonly settledListeners: SettledListener[] = [];
  private aborted: Error | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private sink: BodySink | undefined;
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private ended: Outcome | undefined;
  private trailers: HeaderRecord | undefined;
  private failure: UpstreamError | undefined;
  /** The one that it was sent on. A reset that undici takes for the end of a response is left there. */
  connection: { readonly reset: Error | undefined } | undefined;
  /** Waits for the head, and then for more of the body. */
  private timer: NodeJS.Timeout | undefined;
  private readonly extension: StallExtension;
  private readonly lostAtStart: number;
  /** Times in which the upstream waits for the client: to send the request, and to read the response. */
  private sending: Stopwatch | undefined;
  private readonly paused: Stopwatch;
  /** Monotonic milliseconds at which the upstream last sent a part of the body, or was asked for more. */
  private movedAt = 0;
  private readonly onAbort = () => this.abort(new CallError('client_gone'));
  private readonly resume = () => {
    this.paused.stop();
    this.movedAt = this.options.clock.now();
    this.controller?.resume();
  };

  constructor(private readonly options: CallOptions) {
    const { body, signal } = options.request;
    this.paused = new Stopwatch(options.clock);
    this.extension = new StallExtension(options.clock);
    this.startTimeout();
    this.lostAtStart = this.extension.lostBefore;
    if (body instanceof Readable && !body.readableEnded) this.waitForClient(body);
    signal?.addEventListener('abort', this.onAbort, { once: true });
    if (signal?.aborted) this.onAbort();
  }

  get target(): string | undefined {
    return this.options.target;
  }

  get isDelimited(): boolean {
    return this.contentLength !== undefined || this.headers['transfer-encoding'] !== undefined;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.phase = 'awaiting-head';
    this.sentAt = this.options.clock.now();
    // The call was given up while it was waiting for a connection.
    if (this.aborted) controller.abort(this.aborted);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: HeaderRecord): void {
    // A 101 is no interim response, and a 101 that reaches this method lacks its `Upgrade`.
    if (status >= 100 && status < 200 && status !== 101) {
      this.options.request.onInterim?.(status, headers);
      return;
    }
    try {
      // RFC 9110 section 15: there is no class beyond these.
      if (status < 200 || status > 599) throw malformed('status');
      this.contentLength = readFraming(headers);
    } catch (error) {
      controller.abort(error as Error);
      return;
    }
    clearTimeout(this.timer);
    this.phase = 'streaming';
    this.status = status;
    this.headers = headers;
    this.options.onHead(this);
  }

  /** The connection belongs to the tunnel from here on, and the call is over: its response is complete. */
  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: HeaderRecord,
    socket: Duplex,
  ): void {
    if (this.aborted ?? !this.options.request.upgrade?.isAccepted(headers)) {
      socket.destroy();
      this.onResponseError(controller, this.aborted ?? malformed('handshake'));
      return;
    }
    this.phase = 'streaming';
    this.status = status;
    this.headers = headers;
    this.socket = socket;
    this.ended = 'success';
    this.settle('success', String(status));
    this.options.onHead(this);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.sink) {
      this.movedAt = this.options.clock.now();
      if (!this.sink.onData(chunk, this.resume)) this.pause();
      return;
    }
    // The promise of the head continues a tick later, and a short body has arrived by then.
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    if (this.pendingBytes > MAX_PENDING) this.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: HeaderRecord): void {
    if (Object.keys(trailers).length > 0) this.trailers = trailers;
    const reset = this.isDelimited ? undefined : this.connection?.reset;
    if (reset) this.onResponseError(controller, reset);
    else this.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.phase === 'streaming' && !this.aborted && isLengthTrailer(error)) {
      this.end();
      return;
    }
    const cause = this.aborted ?? error;
    const outcome = this.outcomeOf(cause);
    const { upstream, target } = this.options;
    this.failure = new UpstreamError(upstream, outcome, { cause, target });
    this.settle(outcome, errorCode(cause));
    if (this.phase !== 'streaming') this.options.onFailure(this.failure);
    else this.sink?.onError(this.failure);
  }

  whole(): WholeBody | undefined {
    const [bytes, more] = this.pending;
    if (!this.ended || !bytes || more || this.trailers) return undefined;
    return { bytes, outcome: this.ended };
  }

  stream(sink: BodySink): void {
    this.sink = sink;
    let flowing = true;
    for (const chunk of this.pending) flowing = sink.onData(chunk, this.resume) && flowing;
    this.pending = [];
    if (this.failure) {
      sink.onError(this.failure);
      return;
    }
    if (this.ended) {
      sink.onEnd(this.ended, this.trailers);
      return;
    }
    this.movedAt = this.options.clock.now();
    if (!flowing) this.pause();
    else if (this.paused.isRunning) this.resume();
    const { bodyTimeout, streamIdleTimeout } = this.options;
    this.watchBody(isEventStream(this.headers) ? streamIdleTimeout : bodyTimeout);
  }

  /** Calls the listener when the call is over, at once if it is over already. */
  whenSettled(listener: SettledListener): void {
    if (this.settled) listener(...this.settled);
    else this.settledListeners.push(listener);
  }

  discard(maxBytes = MAX_DISCARDED, maxMs = MAX_DISCARD_MS): Promise<void> {
    // The upstream is to blame for its status, not for a body that is not wanted.
    const outcome = this.options.failureStatuses.has(this.status) ? 'upstream_status' : 'discarded';
    const giveUp = () => this.abort(new CallError(outcome));
    return new Promise((resolve) => {
      // A body that stalls or trickles would keep the connection.
      const timer = setTimeout(giveUp, maxMs).unref();
      const onDone = () => {
        clearTimeout(timer);
        resolve();
      };
      let bytes = 0;
      this.stream({
        onData: (chunk) => {
          bytes += chunk.length;
          if (bytes > maxBytes) giveUp();
          return true;
        },
        onEnd: onDone,
        onError: onDone,
      });
      if (this.contentLength !== undefined && this.contentLength > maxBytes) giveUp();
    });
  }

  /** Ends a try because the other try of a hedge has answered: nobody is to blame. */
  giveUp(): void {
    this.abort(new CallError('hedge_lost'));
  }

  readable(): Readable {
    const body = new Readable({
      read: this.resume,
      destroy: (error, callback) => {
        this.onAbort();
        callback(error);
      },
    });
    this.stream({
      onData: (chunk) => body.push(chunk),
      onEnd: () => body.push(null),
      onError: (error) => body.destroy(error),
    });
    return body;
  }

  text(): Promise<string> {
    return text(this.readable());
  }

  json(): Promise<unknown> {
    return json(this.readable());
  }

  private outcomeOf(cause: Error): Outcome {
    const outcome = classifyFailure(cause, this.phase);
    if (outcome !== 'reset' && outcome !== 'died_mid_body') return outcome;
    const stalled = (this.options.clock.lostMs?.() ?? 0) - this.lostAtStart;
    const waited = (outcome === 'reset' ? this.sending : this.paused)?.total ?? 0;
    // An upstream that has to wait may think the connection idle, and close it.
    return stalled + waited >= LONG_STALL ? 'stalled' : outcome;
  }

  /**
   * The timeout runs only while the upstream is the slow side. It cannot answer before it has the request, so the time
   * that the client takes to send it does not count; the time in which the upstream reads nothing does.
   */
  private waitForClient(uploading: Readable): void {
    this.sending = timeOfSending(uploading, this.options.clock);
    uploading
      .on('resume', () => this.stopTimeout())
      .on('pause', () => this.startTimeout())
      .once('end', () => this.startTimeout());
  }

  /** Once the head has come, the timer is that of the body. */
  private stopTimeout(): void {
    if (this.phase !== 'streaming') clearTimeout(this.timer);
  }

  private startTimeout(): void {
    this.stopTimeout();
    if (this.phase === 'streaming' || this.settled) return;
    this.extension.start(this.options.timeout);
    this.timer = setTimeout(this.onTimeout, this.options.timeout);
  }

  private readonly onTimeout = () => {
    const extension = this.extension.take();
    // The answer may be in the socket already, which is read only after the timers.
    if (extension > 0) this.timer = setTimeout(this.onTimeout, extension);
    else this.abort(new CallError(this.options.onTimeout));
  };

  /** @param timeout milliseconds in which the upstream has to send something, unless the client is the slow side */
  private watchBody(timeout: number): void {
    if (timeout === 0) return;
    const check = () => {
      const quiet = this.paused.isRunning ? 0 : this.options.clock.now() - this.movedAt;
      const left = timeout - quiet + this.extension.take();
      if (left > 0) this.timer = setTimeout(check, left);
      else this.abort(new CallError('body_timeout'));
    };
    this.extension.start(timeout);
    this.timer = setTimeout(check, timeout);
  }

  private pause(): void {
    this.paused.start();
    this.controller?.pause();
  }

  private abort(reason: Error): void {
    if (this.settled || this.aborted) return;
    this.aborted = reason;
    if (this.controller) this.controller.abort(reason);
    else this.onResponseError(undefined, reason);
  }

  private end(): void {
    this.ended = this.options.failureStatuses.has(this.status) ? 'upstream_status' : 'success';
    this.settle(this.ended, String(this.status));
    this.sink?.onEnd(this.ended, this.trailers);
  }

  private settle(outcome: Outcome, detail: string): void {
    if (this.settled) return;
    this.settled = [outcome, detail];
    clearTimeout(this.timer);
    this.options.request.signal?.removeEventListener('abort', this.onAbort);
    for (const listener of this.settledListeners) listener(outcome, detail);
  }
}

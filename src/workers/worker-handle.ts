import type { Worker } from 'node:cluster';
import type { Argument, CallName, Metrics, Result, ToPrimary, ToWorker, WorkerStart } from './messages.js';

/** Milliseconds that a worker has to answer. */
const ANSWER_TIMEOUT = 5_000;
/** Milliseconds from the end of a worker until the end of its output. */
const OUTPUT_TIMEOUT = 1_000;

/** The worker has ended or does not answer. */
export class WorkerGoneError extends Error {
  override readonly name = 'WorkerGoneError';
}

/** The primary's side of a worker. */
export class WorkerHandle {
  /** Where it listens, once it does. */
  url = '';
  address = '';
  /** Resolves with its end. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Monotonic milliseconds. */
  private servingSince: number | undefined;
  /** Questions in a row whether it is alive. */
  unanswered = 0;
  /** It is about to end, and has been replaced if it has to be. */
  isLeaving = false;
  /** Resolves when no update of its configuration is under way. Never rejects. */
  updated: Promise<void> = Promise.resolve();
  /** The last that it has told. */
  metrics: Metrics = [];
  private nextCall = 0;
  private readonly calls = new Map<number, PromiseWithResolvers<unknown>>();

  constructor(
    readonly id: number,
    private readonly process: Worker,
    start: WorkerStart,
    onMessage: (message: ToPrimary) => void,
  ) {
    process.on('message', (message: ToPrimary) => {
      if (message.type === 'result') this.calls.get(message.id)?.resolve(message.result);
      else if (message.type === 'error') this.calls.get(message.id)?.reject(new Error(message.message));
      else onMessage(message);
    });
    this.ended = new Promise((resolve) =>
      process.on('exit', (code, signal) => {
        for (const call of this.calls.values()) call.reject(new WorkerGoneError(`worker ${id} has ended`));
        const end = () => resolve({ code, signal });
        // Its last lines are read by then, unless a process that it has started goes on with its output.
        process.process.once('close', end);
        setTimeout(end, OUTPUT_TIMEOUT).unref();
      }),
    );
    // A worker that has just ended cannot be sent anything; its exit tells the same.
    process.on('error', () => undefined);
    this.send({ type: 'start', start });
  }

  /** Whether requests reach it. */
  get isServing(): boolean {
    return this.servingSince !== undefined && !this.isLeaving && this.process.isConnected();
  }

  /** @returns milliseconds that it has served */
  get servedFor(): number {
    return this.servingSince === undefined ? 0 : performance.now() - this.servingSince;
  }

  begin(url: string, address: string): void {
    this.url = url;
    this.address = address;
    this.servingSince = performance.now();
  }

  send(message: ToWorker): void {
    if (this.process.isConnected()) this.process.send(message);
  }

  /**
   * @throws WorkerGoneError when the worker ends first, or takes longer than `timeout` milliseconds
   * @throws Error with the message of the error in the worker
   */
  async call<N extends CallName>(
    name: N,
    argument: Argument<N>,
    timeout = ANSWER_TIMEOUT,
  ): Promise<Result<N>> {
    const id = this.nextCall++;
    const call = Promise.withResolvers<unknown>();
    this.calls.set(id, call);
    const timer = setTimeout(
      () => call.reject(new WorkerGoneError(`worker ${this.id} does not answer`)),
      timeout,
    ).unref();
    this.send({ type: 'call', id, name, argument });
    try {
      // The worker answers a call with the result of the method of that name.
      return (await call.promise) as Result<N>;
    } finally {
      clearTimeout(timer);
      this.calls.delete(id);
    }
  }

  kill(): void {
    this.process.process.kill('SIGKILL');
  }
}

import { Logger } from '@nestjs/common';
import { register } from 'prom-client';
import { withExemplars } from '../modules/metrics/exemplars.js';
import type { ConfigText } from '../modules/config/reload/config-text.js';
import type { SharedTake } from '../modules/rate-limit/shared-buckets.js';
import type { ShutdownOptions } from '../process-end.js';
import { Fault } from '../common/errors/fault.js';
import { Event } from '../common/event.js';
import type { TrafficSample } from '../modules/timeline/traffic-history.js';
import { addCounts, aggregate } from './aggregate.js';
import type { Argument, CallName, Metrics, Result, SharedEvent, TakeRequest, ToPrimary } from './messages.js';
import { RestartPolicy } from './restart-policy.js';
import { WorkerGoneError, WorkerHandle } from './worker-handle.js';
import { forkWith, type WorkerOutput } from './worker-output.js';
import { WorkerOverloads } from './worker-overloads.js';

/** Milliseconds. A scrape does not wait for a worker that is busy for longer, and takes what it told last. */
const METRICS_TIMEOUT = 2_000;
/** Milliseconds between two questions whether a worker still answers, and how many may go without an answer. */
const PING_INTERVAL = 10_000;
const MAX_UNANSWERED = 3;
/** Milliseconds beyond `delay` and `drain` after which a worker is killed. */
const SHUTDOWN_GRACE = 2_000;

export interface PoolOptions {
  readonly size: number;
  /** The configuration of a worker. */
  readonly config: ConfigText;
  /** Counts requests against limits. */
  readonly take: (requests: readonly TakeRequest[]) => readonly (SharedTake | undefined)[];
  /** @returns what has happened before a worker starts */
  readonly snapshot: () => readonly SharedEvent[];
  /** What workers write goes here, in whole lines. */
  readonly output: WorkerOutput;
}

/** Starts the workers, replaces those that end, and talks to all of them. */
export class WorkerPool {
  readonly event = new Event<{ readonly event: SharedEvent; readonly from: WorkerHandle }>();
  /** A worker has counted the requests of a second. */
  readonly traffic = new Event<TrafficSample>();
  readonly overloads = new WorkerOverloads();
  /** One more or one less serves. */
  readonly changed = new Event<void>();
  /** A worker has ended without being told to. */
  readonly lost = new Event<void>();
  private readonly logger = new Logger('Workers');
  private readonly policy = new RestartPolicy();
  private readonly workers = new Set<WorkerHandle>();
  private readonly waiting = new Set<NodeJS.Timeout>();
  private readonly firstStart = Promise.withResolvers<string | undefined>();
  /** Of the workers that start from now on. */
  private config: ConfigText;
  private lastId = 0;
  /** The counts of workers that have ended. */
  private departed: Promise<Metrics> = Promise.resolve([]);
  private hasStarted = false;
  private isStopping = false;

  /** @param giveUp called when no worker can run any more */
  constructor(
    private readonly options: PoolOptions,
    private readonly giveUp: () => void,
  ) {
    this.config = options.config;
    setInterval(() => this.check(), PING_INTERVAL).unref();
  }

  /**
   * Starts the workers.
   *
   * @returns when all of them serve; the reason when they cannot
   */
  async start(): Promise<string | undefined> {
    for (let i = 0; i < this.options.size; i++) this.fork();
    const failure = await this.firstStart.promise;
    this.hasStarted = failure === undefined;
    return failure;
  }

  get serving(): readonly WorkerHandle[] {
    return [...this.workers].filter(({ isServing }) => isServing);
  }

  /** Where the workers listen. */
  get url(): string {
    return this.serving[0]?.url ?? '';
  }

  get address(): string {
    return this.serving[0]?.address ?? '';
  }

  tell(event: SharedEvent, except?: WorkerHandle): void {
    for (const worker of this.workers) if (worker !== except) worker.send({ type: 'event', event });
  }

  /** @returns the results of the workers that serve; one that ends meanwhile has none */
  async callAll<N extends CallName>(name: N, argument: Argument<N>): Promise<Result<N>[]> {
    const calls = this.serving.map((worker) =>
      worker.call(name, argument).then((result) => [result], orNothing),
    );
    return (await Promise.all(calls)).flat(1);
  }

  /**
   * Has every worker compile a configuration, one after the other, so that the others serve requests meanwhile.
   *
   * @returns puts it in force in all of them, also in those that have begun to serve since
   * @throws Error when a worker refuses it
   */
  async prepare(config: ConfigText): Promise<() => Promise<void>> {
    const prepared = new Set<WorkerHandle>();
    for (const worker of this.serving) {
      // A worker compiles one configuration at a time.
      await worker.updated;
      const isPrepared = await worker.call('prepare', config, PREPARE_TIMEOUT).then(() => true, orNothing);
      if (isPrepared === true) prepared.add(worker);
    }
    return async () => {
      this.config = config;
      const commits = this.serving.map((worker) =>
        prepared.has(worker) ? worker.call('commit', null).catch(orNothing) : this.update(worker),
      );
      await Promise.all(commits);
    };
  }

  async metrics(): Promise<Metrics> {
    const told = this.serving.map(async (worker) => {
      const [metrics] = await worker.call('metrics', null, METRICS_TIMEOUT).then((each) => [each], orNothing);
      if (metrics) worker.metrics = metrics;
    });
    const own = await register.getMetricsAsJSON();
    await Promise.all(told);
    const workers = Array.from(this.workers, ({ metrics }) => metrics);
    const sums = await aggregate(own, workers, await this.departed).getMetricsAsJSON();
    return withExemplars(sums, workers);
  }

  /** Has all workers finish their requests and end. */
  async shutdown(options: ShutdownOptions): Promise<void> {
    this.stopReplacing();
    const { workers } = this;
    for (const worker of workers) worker.send({ type: 'shutdown', options });
    const timer = setTimeout(() => this.kill(), options.delay + options.drain + SHUTDOWN_GRACE);
    await Promise.all(Array.from(workers, ({ ended }) => ended));
    clearTimeout(timer);
  }

  /** Ends all workers at once. */
  kill(): void {
    this.stopReplacing();
    for (const worker of this.workers) worker.kill();
  }

  private stopReplacing(): void {
    this.isStopping = true;
    for (const timer of this.waiting) clearTimeout(timer);
  }

  private fork(): void {
    const { config } = this;
    const id = ++this.lastId;
    const start = { config, worker: id, events: this.options.snapshot(), isReplacement: this.hasStarted };
    const worker: WorkerHandle = new WorkerHandle(id, forkWith(this.options.output), start, (message) =>
      this.receive(worker, message, config),
    );
    this.workers.add(worker);
    void worker.ended.then((reason) => this.onEnd(worker, reason));
  }

  private receive(worker: WorkerHandle, message: ToPrimary, config: ConfigText): void {
    switch (message.type) {
      case 'event':
        this.event.emit({ event: message.event, from: worker });
        return;
      case 'traffic':
        this.traffic.emit(message.sample);
        return;
      case 'overload':
        this.overloads.add(worker.id, message.change);
        return;
      case 'take':
        worker.send({ type: 'taken', id: message.id, taken: this.options.take(message.requests) });
        return;
      case 'listening':
        worker.begin(message.url, message.address);
        // A reload may have come while it started.
        if (config !== this.config) void this.update(worker);
        this.changed.emit();
        if (this.serving.length === this.options.size) this.firstStart.resolve(undefined);
        return;
      case 'leaving':
        this.replace(worker);
        return;
      case 'failed':
        this.fail(message.message);
        return;
      case 'result':
      case 'error':
        return;
      default:
        message satisfies never;
    }
  }

  /** Before all workers serve, the reason is printed in place of being logged, as that of a single process is. */
  private fail(reason: string): void {
    if (this.hasStarted) {
      this.logger.fatal({ message: 'stopped', reason });
      this.giveUp();
    } else {
      this.stopReplacing();
      this.firstStart.resolve(reason);
    }
  }

  /**
   * Ends workers that do nothing any more, also before they serve; nobody else would notice as long as the others serve. A
   * worker answers as soon as it has loaded its code.
   */
  private check(): void {
    for (const worker of this.workers) {
      if (worker.unanswered++ < MAX_UNANSWERED) {
        worker.call('ping', null).then(
          () => (worker.unanswered = 0),
          () => undefined,
        );
        continue;
      }
      this.logger.error({ message: 'a worker does not answer', worker: worker.id });
      worker.kill();
    }
  }

  /** Brings a worker that has started with an older configuration to the one in force. Never rejects. */
  private update(worker: WorkerHandle): Promise<void> {
    worker.updated = worker.updated.then(async () => {
      try {
        await worker.call('prepare', this.config, PREPARE_TIMEOUT);
        await worker.call('commit', null);
      } catch (error) {
        this.logger.error({
          message: 'a worker did not take the configuration',
          worker: worker.id,
          err: Fault.of(error),
        });
        // The one that takes its place begins with it.
        worker.kill();
      }
    });
    return worker.updated;
  }

  private onEnd(
    worker: WorkerHandle,
    reason: { readonly code: number | null; readonly signal: string | null },
  ): void {
    this.workers.delete(worker);
    this.overloads.remove(worker.id);
    this.departed = this.departed.then((departed) => addCounts(departed, worker.metrics));
    if (!this.isStopping) {
      this.logger.error({ message: 'a worker has ended', worker: worker.id, ...reason });
      this.replace(worker);
    }
    this.changed.emit();
  }

  /** Starts another one in its place, once. */
  private replace(worker: WorkerHandle): void {
    if (worker.isLeaving || this.isStopping) return;
    worker.isLeaving = true;
    this.lost.emit();
    this.changed.emit();
    const pause = this.policy.ended(worker.servedFor);
    if (pause === undefined) {
      this.fail('The workers end again and again as soon as they have started.');
      return;
    }
    const timer = setTimeout(() => {
      this.waiting.delete(timer);
      this.fork();
    }, pause);
    this.waiting.add(timer);
  }
}

/** Milliseconds. A configuration of thousands of routes takes a second. */
const PREPARE_TIMEOUT = 60_000;

/** A worker that has ended has no result. */
function orNothing(error: unknown): never[] {
  if (error instanceof WorkerGoneError) return [];
  throw error;
}

import 'reflect-metadata';
import { register } from 'prom-client';
import { reasonOf } from '../common/errors/fault.js';
import { turns } from '../common/turns.js';
import { Gateway } from '../gateway.js';
import { listenFailure } from '../listen-failure.js';
import { JsonLogger } from '../logger.js';
import { overviewOf } from '../modules/admin/upstream-overview.js';
import { AuthProviders } from '../modules/auth/auth-providers.js';
import { TokenDenylist } from '../modules/auth/denylist/token-denylist.service.js';
import { Invalidator } from '../modules/cache/invalidator.js';
import { ConfigStore } from '../modules/config/config.store.js';
import { LogLevel } from '../modules/config/log-level.js';
import { type ConfigText, readConfig, type WrittenConfig } from '../modules/config/reload/config-text.js';
import { TrafficRecorder } from '../modules/timeline/traffic.recorder.js';
import { RateLimits } from '../modules/rate-limit/rate-limits.service.js';
import { Overload } from '../modules/server/overload/overload.service.js';
import { UpstreamRegistry } from '../modules/upstream/upstream.registry.js';
import { ProcessEnd, type ShutdownOptions } from '../process-end.js';
import type { CallName, SharedEvent, ToPrimary, ToWorker, WorkerCalls, WorkerStart } from './messages.js';
import { PrimaryBuckets } from './primary-buckets.js';
import { SharedState } from './shared-state.js';

/** Milliseconds. An issuer that is away must not keep workers from starting. */
const LONGEST_WAIT_FOR_KEYS = 5_000;

const NOTHING: WrittenConfig = {
  text: { sections: [], upstreams: [], routes: [] },
  // `readConfig` takes nothing of it, because nothing has the same text.
  config: { upstreams: {}, routes: [] } as unknown as WrittenConfig['config'],
};

/** A worker process: a gateway without a management port, which does what the primary says. */
class WorkerProcess implements WorkerCalls {
  private gateway: Gateway | undefined;
  private state: SharedState | undefined;
  /** What has happened elsewhere before this process could adopt it. */
  private readonly early: SharedEvent[] = [];
  private readonly buckets = new PrimaryBuckets((id, requests) => tell({ type: 'take', id, requests }));
  private written = NOTHING;
  private next: Promise<() => Promise<void>> | undefined;

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'start':
        void this.start(message.start);
        return;
      case 'event':
        if (this.state) this.state.adopt(message.event);
        else this.early.push(message.event);
        return;
      case 'call':
        void this.answer(message.id, message.name, message.argument);
        return;
      case 'taken':
        this.buckets.receive(message.id, message.taken);
        return;
      case 'shutdown':
        void this.shutdown(message.options);
        return;
      default:
        message satisfies never;
    }
  }

  async prepare(text: ConfigText): Promise<void> {
    this.next = this.compile(text);
    await this.next;
  }

  /** The primary does not wait for a worker that takes too long to prepare, so that may still be under way. */
  async commit(): Promise<void> {
    const { next } = this;
    this.next = undefined;
    await (
      await next
    )?.();
  }

  private async compile(text: ConfigText): Promise<() => Promise<void>> {
    const written = { text, config: await readConfig(text, this.written, turns()) };
    const commit = await this.get(ConfigStore).prepare(written.config);
    return () => {
      this.written = written;
      return commit();
    };
  }

  ping() {
    return Promise.resolve();
  }

  metrics() {
    return register.getMetricsAsJSON();
  }

  upstreams() {
    return Promise.resolve(Array.from(this.get(UpstreamRegistry).all(), overviewOf));
  }

  rateLimits() {
    return Promise.resolve(this.get(RateLimits).overview());
  }

  purge(what: Parameters<WorkerCalls['purge']>[0]) {
    return Promise.resolve(this.get(Invalidator).purge(what));
  }

  entries(what: Parameters<WorkerCalls['entries']>[0]) {
    return Promise.resolve(this.get(Invalidator).list(what));
  }

  deny(denials: Parameters<WorkerCalls['deny']>[0]) {
    return Promise.resolve(this.get(TokenDenylist).adopt(denials));
  }

  /** Does not catch what is the gateway's fault: it ends the process. */
  private async start({ config, worker, events, isReplacement }: WorkerStart): Promise<void> {
    this.written = { text: config, config: await readConfig(config, NOTHING, turns()) };
    const logger = new JsonLogger(this.written.config.log.level, worker);
    let gateway: Gateway;
    try {
      gateway = await Gateway.start(this.written.config, {
        logger,
        role: 'worker',
        beforeListen: async (app) => {
          app.get(LogLevel).changed.on((level) => (logger.level = level));
          const state = new SharedState(app, (event) => tell({ type: 'event', event }));
          for (const event of [...events, ...this.early]) state.adopt(event);
          this.state = state;
          app.get(Overload).changed.on((change) => tell({ type: 'overload', change }));
          app.get(TrafficRecorder).sampled.on((sample) => tell({ type: 'traffic', sample }));
          app.get(RateLimits).shareBy(this.buckets);
          if (!isReplacement) return;
          await app.init();
          await keysOf(app.get(AuthProviders));
        },
      });
    } catch (error) {
      const message = listenFailure(error);
      if (message === undefined) throw error;
      tell({ type: 'failed', message });
      return;
    }
    this.gateway = gateway;
    leaveOnErrors(gateway);
    tell({ type: 'listening', address: gateway.address, url: gateway.url });
  }

  private async answer(id: number, name: CallName, argument: unknown): Promise<void> {
    try {
      // The primary calls each method with its own argument.
      const call = this[name].bind(this) as (argument: unknown) => Promise<unknown>;
      tell({ type: 'result', id, result: await call(argument) });
    } catch (error) {
      tell({ type: 'error', id, message: reasonOf(error) });
    }
  }

  private async shutdown(options: ShutdownOptions): Promise<void> {
    await this.gateway?.shutdown(options);
    process.exit(0);
  }

  private get<T>(type: new (...args: never[]) => T): T {
    if (!this.gateway) throw new Error('The worker does not serve yet.');
    return this.gateway.app.get(type);
  }
}

/**
 * Waits for the keys of token issuers. Readiness holds back requests from a gateway that starts, and nothing holds them back
 * from a worker that listens.
 */
async function keysOf(providers: AuthProviders): Promise<void> {
  if (providers.areReady) return;
  const ready = Promise.withResolvers<void>();
  const stop = providers.keysRefreshed.on(() => providers.areReady && ready.resolve());
  const timer = setTimeout(ready.resolve, LONGEST_WAIT_FOR_KEYS);
  await ready.promise;
  clearTimeout(timer);
  stop();
}

/** The other workers go on, so only the requests that are in flight here need time. */
function leaveOnErrors(gateway: Gateway): void {
  const end = new ProcessEnd({
    get shutdownTimes() {
      return { delay: 0, drain: gateway.shutdownTimes.drain };
    },
    shutdown(options) {
      tell({ type: 'leaving' });
      return gateway.leave(options);
    },
  });
  end.onUncaughtErrors();
}

function tell(message: ToPrimary): void {
  // After its end, Node ends this process.
  if (process.connected) process.send?.(message);
}

// The primary gets the same signals, and decides: those of a terminal and of service managers go to all processes.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
const worker = new WorkerProcess();
process.on('message', (message: ToWorker) => worker.receive(message));

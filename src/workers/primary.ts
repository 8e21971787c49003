import cluster from 'node:cluster';
import { stderr } from 'node:process';
import { fileURLToPath } from 'node:url';
import { reasonOf } from '../common/errors/fault.js';
import { turns } from '../common/turns.js';
import { Gateway } from '../gateway.js';
import { listenFailure } from '../listen-failure.js';
import { LogOutput } from '../log-output.js';
import { JsonLogger } from '../logger.js';
import { ConfigRefusedError, ConfigStore } from '../modules/config/config.store.js';
import type { GatewayConfig } from '../modules/config/gateway-config.js';
import type { ConfigSource } from '../modules/config/load-config-file.js';
import { LogLevel } from '../modules/config/log-level.js';
import { writeConfig } from '../modules/config/reload/config-text.js';
import { ConfigReloader } from '../modules/config/reload/config-reloader.js';
import { RateLimits } from '../modules/rate-limit/rate-limits.service.js';
import { Metrics } from '../modules/metrics/metrics.js';
import { Lifecycle } from '../modules/server/lifecycle.js';
import { Overload } from '../modules/server/overload/overload.service.js';
import { TrafficCollector } from '../modules/timeline/traffic.collector.js';
import { ProcessEnd, type ShutdownOptions } from '../process-end.js';
import { shareOf } from './share.js';
import { SharedState } from './shared-state.js';
import { type PoolOptions, WorkerPool } from './worker-pool.js';
import { WorkersView } from './workers-view.js';

/**
 * Runs the gateway in several processes until a signal stops it. This process is the primary: a gateway without a public
 * port, which reads the configuration, runs the health probes, serves the management port and looks after the workers.
 *
 * @returns the message to print when the gateway cannot start
 */
export async function runWorkers(
  config: GatewayConfig,
  source: ConfigSource,
  size: number,
): Promise<string | undefined> {
  // Workers accept connections by themselves. When the primary handed them out, one that is on its way to a worker as
  // that ends would be left without an answer.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('./worker.js', import.meta.url)),
    args: [],
    serialization: 'advanced',
    // Workers that wrote to the output of this process would make it a blocking one for all, each when it starts and when it
    // ends: whether it blocks belongs to the open file, and not to a process.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const logger = new JsonLogger(config.log.level);
  const errors = new LogOutput(stderr.fd);
  const text = async (each: GatewayConfig) => (await writeConfig(shareOf(each, size), turns())).text;
  const options: PoolOptions = {
    size,
    config: await text(config),
    take: (requests) => requests.map(([limiter, key]) => limits.take(limiter, key)),
    snapshot: () => state.snapshot(),
    output: { stdout: logger.relay, stderr: errors.write },
  };
  const pool: WorkerPool = new WorkerPool(options, () => end.fail());
  let gateway: Gateway;
  try {
    gateway = await Gateway.start(config, {
      logger,
      source,
      role: 'primary',
      viewOf: (own) => new WorkersView(own, pool),
    });
  } catch (error) {
    const message = listenFailure(error);
    if (message === undefined) throw error;
    return message;
  }
  const { app } = gateway;
  const limits = app.get(RateLimits);
  const store = app.get(ConfigStore);
  app.get(LogLevel).changed.on((level) => (logger.level = level));
  store.register({ prepare: async (next) => pool.prepare(await text(next)).catch(refuse) });
  const state: SharedState = new SharedState(app, (event) => pool.tell(event));
  pool.event.on(({ event, from }) => {
    state.adopt(event);
    // The worker hears of its own transitions again, so that the last one is the same in all.
    const isTransition = event.kind === 'breaker' && event.news.kind !== 'trial';
    pool.tell(event, isTransition ? undefined : from);
  });
  pool.traffic.on((sample) => app.get(TrafficCollector).add(sample));
  pool.overloads.changed.on((change) => app.get(Overload).changed.emit(change));
  observe(gateway, pool);
  const end = new ProcessEnd({
    get shutdownTimes() {
      return gateway.shutdownTimes;
    },
    shutdown: (times) => shutdown(gateway, pool, times),
    abort: () => pool.kill(),
  });
  end.onUncaughtErrors();
  end.onSignals();
  process.on('SIGHUP', () => void app.get(ConfigReloader).reload('signal'));
  const failure = await pool.start();
  if (failure !== undefined) {
    pool.kill();
    await gateway.close();
    return failure;
  }
  const { managementAddress, managementUrl } = gateway;
  const { address, url } = pool;
  const { hash } = source;
  logger.log(
    {
      message: 'listening',
      revision: 1,
      hash,
      address,
      managementAddress,
      url,
      managementUrl,
      workers: size,
    },
    'Gateway',
  );
  return undefined;
}

/** Readiness and metrics follow the workers. */
function observe({ app }: Gateway, pool: WorkerPool): void {
  const lifecycle = app.get(Lifecycle);
  const metrics = app.get(Metrics);
  const workers = metrics.gauge('breakwater_workers');
  const exits = metrics.counter('breakwater_worker_exits_total');
  pool.changed.on(() => {
    const { length } = pool.serving;
    workers.set(length);
    if (lifecycle.phase !== 'draining') lifecycle.phase = length > 0 ? 'serving' : 'starting';
  });
  pool.lost.on(() => exits.inc());
}

async function shutdown(gateway: Gateway, pool: WorkerPool, times: ShutdownOptions): Promise<void> {
  gateway.app.get(Lifecycle).phase = 'draining';
  await pool.shutdown(times);
  await gateway.close();
}

/** A worker says why it cannot take a configuration that the primary has taken. */
function refuse(error: unknown): never {
  throw new ConfigRefusedError(reasonOf(error));
}

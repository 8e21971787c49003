import type { GatewayView } from '../modules/admin/gateway-view.js';
import type { UpstreamOverview } from '../modules/timeline/shapes.js';
import type { Denial } from '../modules/auth/denylist/token-denylist.service.js';
import type { ListRequest, PurgeRequest } from '../modules/cache/invalidator.js';
import type { StoredEntry } from '../modules/cache/response-cache.js';
import type { RateLimitOverview } from '../modules/rate-limit/rate-limits.service.js';
import type { LevelOverride } from '../modules/config/log-level.js';
import type { FaultChange } from '../modules/proxy/runtime-faults.js';
import type { ManualCommand } from '../modules/upstream/breaker/manual-command.js';
import type { WorkerPool } from './worker-pool.js';

const MAX_LISTED = 100;
const KEPT_FAILURES = 5;

/** Shows several workers as one gateway on the management port of the primary. */
export class WorkersView implements GatewayView {
  /** @param own of the primary, which has the state that all share, and no request */
  constructor(
    private readonly own: GatewayView,
    private readonly pool: WorkerPool,
  ) {}

  metrics(): ReturnType<GatewayView['metrics']> {
    return this.pool.metrics();
  }

  async upstreams(): Promise<readonly UpstreamOverview[]> {
    const [own, all] = await Promise.all([this.own.upstreams(), this.pool.callAll('upstreams', null)]);
    return own.map((upstream) => {
      const others = all.flatMap((each) => each.find(({ id }) => id === upstream.id) ?? []);
      return added(upstream, others);
    });
  }

  /** Without Redis, the primary has all keys. With it, workers keep copies of those that they have met. */
  async rateLimits(): Promise<readonly RateLimitOverview[]> {
    const [own, all] = await Promise.all([this.own.rateLimits(), this.pool.callAll('rateLimits', null)]);
    return own.map((limit) => {
      const others = all.flatMap((each) => each.find(({ id }) => id === limit.id) ?? []);
      return {
        ...limit,
        keys: Math.max(limit.keys, ...others.map(({ keys }) => keys)),
        rejections: others.reduce((sum, { rejections }) => sum + rejections, limit.rejections),
      };
    });
  }

  /** The primary tells its workers, which answer one message after the other. */
  async command(command: ManualCommand): Promise<void> {
    await this.own.command(command);
    await this.pool.callAll('ping', null);
  }

  async fault(change: FaultChange): Promise<void> {
    await this.own.fault(change);
    await this.pool.callAll('ping', null);
  }

  async logLevel(override: LevelOverride | undefined): Promise<void> {
    await this.own.logLevel(override);
    await this.pool.callAll('ping', null);
  }

  /** The primary checks what to purge, and purges Redis. */
  async purge(what: PurgeRequest): Promise<number> {
    const own = await this.own.purge(what);
    const dropped = await this.pool.callAll('purge', what);
    return dropped.reduce((sum, each) => sum + each, own);
  }

  async entries(what: ListRequest): Promise<readonly StoredEntry[]> {
    await this.own.entries(what);
    const byKey = new Map((await this.pool.callAll('entries', what)).flat().map((each) => [each.key, each]));
    return [...byKey.values()].slice(0, MAX_LISTED);
  }

  async deny(denial: Denial): ReturnType<GatewayView['deny']> {
    const [outcome] = await Promise.all([this.own.deny(denial), this.pool.callAll('deny', [denial])]);
    return outcome;
  }
}

/** @returns an upstream with what is in flight in all workers, and the last failures of any */
function added(own: UpstreamOverview, workers: readonly UpstreamOverview[]): UpstreamOverview {
  const sum = (read: (each: UpstreamOverview) => number | undefined) =>
    workers.reduce((total, each) => total + (read(each) ?? 0), 0);
  const failures = workers.flatMap(({ breaker }) => breaker.lastFailures);
  return {
    ...own,
    breaker: {
      ...own.breaker,
      lastFailures: (failures.length > 0 ? failures : [...own.breaker.lastFailures])
        .toSorted((a, b) => a.at.getTime() - b.at.getTime())
        .slice(-KEPT_FAILURES),
    },
    bulkhead: {
      inFlight: sum(({ bulkhead }) => bulkhead.inFlight),
      queued: sum(({ bulkhead }) => bulkhead.queued),
      streams: sum(({ bulkhead }) => bulkhead.streams),
    },
    targets: own.targets.map((target) => ({
      ...target,
      inFlight: sum(({ targets }) => targets.find(({ name }) => name === target.name)?.inFlight),
    })),
  };
}

import { Inject, Injectable } from '@nestjs/common';
import { register } from 'prom-client';
import { type Denial, TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import { Invalidator, type ListRequest, type PurgeRequest } from '../cache/invalidator.js';
import type { StoredEntry } from '../cache/response-cache.js';
import { carryOut, type ManualCommand } from '../upstream/breaker/manual-command.js';
import type { MetricValues } from '../metrics/metrics-text.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { type LevelOverride, LogLevel } from '../config/log-level.js';
import { type FaultChange, RuntimeFaults } from '../proxy/runtime-faults.js';
import { type RateLimitOverview, RateLimits } from '../rate-limit/rate-limits.service.js';
import type { UpstreamOverview } from '../timeline/shapes.js';
import { overviewOf } from './upstream-overview.js';

/**
 * What the management port shows and changes of the processes that serve requests. `OwnView` is that of a single process;
 * with `server.workers`, `WorkersView` asks all of them.
 */
export interface GatewayView {
  metrics(): Promise<readonly MetricValues[]>;
  upstreams(): Promise<readonly UpstreamOverview[]>;
  rateLimits(): Promise<readonly RateLimitOverview[]>;
  /** Resolves when all processes have obeyed. */
  command(command: ManualCommand): Promise<void>;
  /** The same. */
  fault(change: FaultChange): Promise<void>;
  /** The same; `undefined`: back to the configured level. */
  logLevel(override: LevelOverride | undefined): Promise<void>;
  /** As `Invalidator.purge`. */
  purge(what: PurgeRequest): Promise<number>;
  /** As `Invalidator.list`. */
  entries(what: ListRequest): Promise<readonly StoredEntry[]>;
  /** As `TokenDenylist.deny`. */
  deny(denial: Denial): ReturnType<TokenDenylist['deny']>;
}

/** The injected `GatewayView`. */
export const GATEWAY_VIEW = Symbol('breakwater:gateway-view');

@Injectable()
export class OwnView implements GatewayView {
  constructor(
    @Inject(UpstreamRegistry) private readonly registry: UpstreamRegistry,
    @Inject(Invalidator) private readonly invalidator: Invalidator,
    @Inject(TokenDenylist) private readonly denylist: TokenDenylist,
    @Inject(RuntimeFaults) private readonly faults: RuntimeFaults,
    @Inject(LogLevel) private readonly level: LogLevel,
    @Inject(RateLimits) private readonly limits: RateLimits,
  ) {}

  metrics(): Promise<readonly MetricValues[]> {
    return register.getMetricsAsJSON();
  }

  upstreams(): Promise<readonly UpstreamOverview[]> {
    return Promise.resolve(Array.from(this.registry.all(), overviewOf));
  }

  rateLimits(): Promise<readonly RateLimitOverview[]> {
    return Promise.resolve(this.limits.overview());
  }

  async command(command: ManualCommand): Promise<void> {
    const upstream = this.registry.find(command.upstream);
    if (upstream) carryOut(upstream, command);
    return Promise.resolve();
  }

  fault(change: FaultChange): Promise<void> {
    this.faults.set(change);
    return Promise.resolve();
  }

  logLevel(override: LevelOverride | undefined): Promise<void> {
    this.level.set(override);
    return Promise.resolve();
  }

  // An error becomes a rejection.
  async purge(what: PurgeRequest): Promise<number> {
    return Promise.resolve(this.invalidator.purge(what));
  }

  async entries(what: ListRequest): Promise<readonly StoredEntry[]> {
    return Promise.resolve(this.invalidator.list(what));
  }

  deny(denial: Denial): ReturnType<TokenDenylist['deny']> {
    return this.denylist.deny(denial);
  }
}

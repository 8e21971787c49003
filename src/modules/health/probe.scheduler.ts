import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  ServiceUnavailableException,
} from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { Event } from '../../common/event.js';
import { jittered } from '../../common/resilience/jitter.js';
import { PROCESS_ROLE, type ProcessRole, RANDOM } from '../config/config.tokens.js';
import type { HealthConfig } from '../config/gateway-config.js';
import type { MeasuredProbe } from '../upstream/probe-record.js';
import type { TargetSet } from '../upstream/target-set.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { ProbeIndicator } from './probe.indicator.js';

const JITTER = 0.1;

/** The probes of an upstream under one configuration. */
interface Probing {
  readonly upstream: UpstreamProxy;
  readonly health: HealthConfig;
  timer?: NodeJS.Timeout;
}

/** One round of probes. */
export interface ProbeRound {
  readonly upstream: UpstreamProxy;
  /** One for each target, in their order. */
  readonly results: readonly MeasuredProbe[];
}

/** Probes the targets of every upstream that has a health check, and reports the results to the upstream. */
@Injectable()
export class ProbeScheduler implements OnApplicationBootstrap, OnApplicationShutdown {
  /** A round has been reported to its upstream. */
  readonly probed = new Event<ProbeRound>();
  private readonly current = new Map<UpstreamProxy, Probing>();
  private readonly stop = new AbortController();

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ProbeIndicator) private readonly indicator: ProbeIndicator,
    @Inject(HealthCheckService) private readonly checks: HealthCheckService,
    @Inject(RANDOM) private readonly random: () => number,
    @Inject(PROCESS_ROLE) private readonly role: ProcessRole,
  ) {}

  onApplicationBootstrap(): void {
    // Workers get the results of the primary.
    if (this.role === 'worker') return;
    this.upstreams.each((upstream) => {
      this.start(upstream);
      upstream.changed.on(() => this.start(upstream));
    });
    this.upstreams.removed.on((upstream) => this.end(upstream));
  }

  onApplicationShutdown(): void {
    this.stop.abort();
    for (const upstream of this.current.keys()) this.end(upstream);
  }

  /** The first probe starts at once, so that an upstream that is down is known before its first user comes. */
  private start(upstream: UpstreamProxy): void {
    this.end(upstream);
    const { health } = upstream.config;
    if (!health) return;
    const probing = { upstream, health };
    this.current.set(upstream, probing);
    this.schedule(probing, 0);
  }

  private end(upstream: UpstreamProxy): void {
    clearTimeout(this.current.get(upstream)?.timer);
    this.current.delete(upstream);
  }

  private schedule(probing: Probing, delay: number): void {
    // Jitter keeps the gateways of a fleet from probing at the same instant.
    const wait = jittered(delay, JITTER, this.random());
    probing.timer = setTimeout(() => void this.run(probing), wait).unref();
  }

  private async run(probing: Probing): Promise<void> {
    const { upstream, health } = probing;
    const { targets, breaker } = upstream;
    const details = await this.probe(targets, health);
    // Meanwhile the upstream may have got other targets or another path.
    if (this.current.get(upstream) !== probing) return;
    const results = targets.all.map((target) => {
      const result = details[target.url];
      const durationMs = Number(result?.['durationMs']);
      return { passed: result?.status === 'up', detail: String(result?.['probe']), durationMs };
    });
    upstream.probes.report(results, health);
    this.probed.emit({ upstream, results });
    // A passed probe is the trial of an ejected target, so it must not be long in coming.
    const isHealthy =
      results.every(({ passed }) => passed) &&
      breaker.state === 'closed' &&
      targets.availableCount === targets.all.length;
    this.schedule(probing, isHealthy ? health.interval : health.unhealthyInterval);
  }

  /** Terminus throws when an indicator is down; the exception carries the same result. */
  private async probe({ all }: TargetSet, health: HealthConfig): Promise<HealthCheckResult['details']> {
    const { signal } = this.stop;
    const probes = all.map((target) => () => this.indicator.probe(target, health, signal));
    try {
      return (await this.checks.check(probes)).details;
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      return (error.getResponse() as HealthCheckResult).details;
    }
  }
}

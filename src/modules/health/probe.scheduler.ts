import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  ServiceUnavailableException,
} from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { jittered } from '../../common/resilience/jitter.js';
import { RANDOM } from '../config/config.tokens.js';
import type { HealthConfig } from '../config/gateway-config.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { ProbeIndicator } from './probe.indicator.js';

const JITTER = 0.1;

/** Probes the targets of every upstream that has a health check, and reports the results to the upstream. */
@Injectable()
export class ProbeScheduler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly stop = new AbortController();

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ProbeIndicator) private readonly indicator: ProbeIndicator,
    @Inject(HealthCheckService) private readonly checks: HealthCheckService,
    @Inject(RANDOM) private readonly random: () => number,
  ) {}

  onApplicationBootstrap(): void {
    for (const upstream of this.upstreams.all()) {
      const { health } = upstream.config;
      // The first probe starts at once, so that an upstream that is down is known before its first user comes.
      if (health) this.schedule(upstream, health, 0);
    }
  }

  onApplicationShutdown(): void {
    this.stop.abort();
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  private schedule(upstream: UpstreamProxy, health: HealthConfig, delay: number): void {
    if (this.stop.signal.aborted) return;
    // Jitter keeps the gateways of a fleet from probing at the same instant.
    const wait = jittered(delay, JITTER, this.random());
    const timer = setTimeout(() => void this.run(upstream, health), wait);
    this.timers.set(upstream.id, timer.unref());
  }

  private async run(upstream: UpstreamProxy, health: HealthConfig): Promise<void> {
    const { targets, breaker } = upstream;
    const details = await this.probe(upstream, health);
    if (this.stop.signal.aborted) return;
    const results = targets.all.map((target) => {
      const result = details[target.url];
      return { passed: result?.status === 'up', detail: String(result?.['probe']) };
    });
    upstream.probes.report(results, health);
    // A passed probe is the trial of an ejected target, so it must not be long in coming.
    const isHealthy =
      results.every(({ passed }) => passed) &&
      breaker.state === 'closed' &&
      targets.availableCount === targets.all.length;
    this.schedule(upstream, health, isHealthy ? health.interval : health.unhealthyInterval);
  }

  /** Terminus throws when an indicator is down; the exception carries the same result. */
  private async probe(
    { targets }: UpstreamProxy,
    health: HealthConfig,
  ): Promise<HealthCheckResult['details']> {
    const { signal } = this.stop;
    const probes = targets.all.map((target) => () => this.indicator.probe(target, health, signal));
    try {
      return (await this.checks.check(probes)).details;
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      return (error.getResponse() as HealthCheckResult).details;
    }
  }
}

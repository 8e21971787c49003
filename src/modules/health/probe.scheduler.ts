import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { jittered } from '../../common/resilience/jitter.js';
import { RANDOM } from '../config/config.tokens.js';
import type { HealthConfig } from '../config/gateway-config.js';
import type { Target } from '../upstream/target.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { ProbeIndicator } from './probe.indicator.js';

const JITTER = 0.1;

/** Probes every upstream that has a health check, and tells its breaker. */
@Injectable()
export class ProbeScheduler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly stop = new AbortController();

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ProbeIndicator) private readonly indicator: ProbeIndicator,
    @Inject(RANDOM) private readonly random: () => number,
  ) {}

  onApplicationBootstrap(): void {
    for (const upstream of this.upstreams.all()) {
      const { health } = upstream.config;
      // The first at once: an upstream that is down at start is known before its first user comes.
      if (health) this.schedule(upstream, health, 0);
    }
  }

  onApplicationShutdown(): void {
    this.stop.abort();
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  private schedule(upstream: UpstreamProxy, health: HealthConfig, delay: number): void {
    if (this.stop.signal.aborted) return;
    // Spread, so that a fleet of gateways does not probe in step.
    const wait = jittered(delay, JITTER, this.random());
    const timer = setTimeout(() => void this.run(upstream, health), wait);
    this.timers.set(upstream.id, timer.unref());
  }

  private async run(upstream: UpstreamProxy, health: HealthConfig): Promise<void> {
    const { targets, breaker } = upstream;
    const results = await Promise.all(targets.all.map((target) => this.probe(target, health)));
    if (this.stop.signal.aborted) return;
    for (const { target, passed } of results) targets.recordProbe(target, passed, health);
    // The breaker is the upstream's: it opens when none of the targets is well.
    const best = results.find(({ passed }) => passed) ?? results[0];
    upstream.reportProbe({ passed: best?.passed ?? false, detail: best?.detail ?? '' });
    const healthy = results.every(({ passed }) => passed) && breaker.state === 'closed';
    this.schedule(upstream, health, healthy ? health.interval : health.unhealthyInterval);
  }

  private async probe(
    target: Target,
    health: HealthConfig,
  ): Promise<{ target: Target; passed: boolean; detail: string }> {
    const result = (await this.indicator.probe(target, health, this.stop.signal))[target.name];
    return { target, passed: result?.status === 'up', detail: String(result?.['probe']) };
  }
}

import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Outcome } from '../../common/errors/outcomes.js';
import { ProbeScheduler } from '../health/probe.scheduler.js';
import type { Target } from '../upstream/target.js';
import type { TargetSet } from '../upstream/target-set.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { Metrics } from './metrics.js';
import { SeriesBatch } from './series-batch.js';

/**
 * Counts what happens at upstreams. Some series start at 0, since nobody can alert on a series that first appears with
 * an outage.
 */
@Injectable()
export class UpstreamMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ProbeScheduler) private readonly probes: ProbeScheduler,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.upstreams.each((upstream) => {
      this.countTries(upstream);
      this.countBreaker(upstream);
      this.countTargets(upstream);
    });
    this.measureProbes();
  }

  private measureProbes(): void {
    const duration = this.metrics.histogram('breakwater_probe_duration_seconds');
    this.probes.probed.on(({ upstream, results }) => {
      for (const [i, { name: target }] of upstream.targets.all.entries()) {
        const ms = results[i]?.durationMs;
        if (ms !== undefined) duration.observe({ upstream: upstream.id, target }, ms / 1000);
      }
    });
  }

  /** Routes and code make tries alike. */
  private countTries({ id: upstream, tryEnded, model: { retrier }, hedged }: UpstreamProxy): void {
    const { metrics } = this;
    const tries = metrics.counter('breakwater_upstream_requests_total');
    const duration = metrics.histogram('breakwater_upstream_duration_seconds');
    const batches = new Map<Outcome, SeriesBatch>();
    tryEnded.on(({ outcome, durationMs, span }) => {
      let batch = batches.get(outcome);
      if (!batch) {
        batch = new SeriesBatch({
          counter: tries,
          counterLabels: { upstream, outcome },
          histogram: duration,
          histogramLabels: { upstream },
        });
        batches.set(outcome, batch);
      }
      batch.observe(durationMs / 1000, span?.traceId);
    });
    const retries = metrics.counter('breakwater_retries_total');
    retrier.retried.on((reason) => retries.inc({ upstream, reason }));
    const budgetExhausted = metrics.counter('breakwater_retry_budget_exhausted_total');
    budgetExhausted.inc({ upstream }, 0);
    retrier.budgetExhausted.on(() => budgetExhausted.inc({ upstream }));
    const hedges = metrics.counter('breakwater_hedges_total');
    hedged.on((result) => hedges.inc({ upstream, result }));
  }

  private countBreaker({ id: upstream, breaker, rejected }: UpstreamProxy): void {
    const { metrics } = this;
    const transitions = metrics.counter('breakwater_breaker_transitions_total');
    breaker.transition.on(({ from, to, reason }) => transitions.inc({ upstream, from, to, reason }));
    const rejections = metrics.counter('breakwater_breaker_rejections_total');
    rejections.inc({ upstream }, 0);
    rejected.on((outcome) => {
      if (outcome === 'breaker_open') rejections.inc({ upstream });
    });
  }

  private countTargets({ id: upstream, targets, changed }: UpstreamProxy): void {
    const { metrics } = this;
    const ejections = metrics.counter('breakwater_target_ejections_total');
    targets.ejected.on(({ name: target }) => ejections.inc({ upstream, target }));
    const panics = metrics.counter('breakwater_target_panics_total');
    panics.inc({ upstream }, 0);
    targets.panicked.on(() => panics.inc({ upstream }));
    const dnsFailures = metrics.counter('breakwater_dns_failures_total');
    const watched = new WeakSet<Target>();
    const watch = ({ all }: TargetSet) => {
      for (const each of all) {
        const { name: target, addresses } = each;
        if (!addresses || watched.has(each)) continue;
        watched.add(each);
        dnsFailures.inc({ upstream, target }, 0);
        addresses.failed.on(() => dnsFailures.inc({ upstream, target }));
      }
    };
    watch(targets);
    changed.on((model) => watch(model.targets));
  }
}

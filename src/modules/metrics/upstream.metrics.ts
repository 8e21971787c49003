import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import type { Outcome } from '../../common/errors/outcomes.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { METRICS } from './metrics.definitions.js';
import { Tally } from './tally.js';

/** Counts and times each try to reach an upstream, for routes and for code alike. */
@Injectable()
export class UpstreamMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @InjectMetric(METRICS.upstreamRequests) private readonly requests: Counter,
    @InjectMetric(METRICS.upstreamDuration) private readonly duration: Histogram,
    @InjectMetric(METRICS.hedges) private readonly hedges: Counter,
  ) {}

  onModuleInit(): void {
    for (const { id, tryEnded, hedger } of this.upstreams.all()) {
      hedger?.ended.on((result) => this.hedges.inc({ upstream: id, result }));
      const tallies = new Map<Outcome, Tally>();
      tryEnded.on(({ outcome, durationMs }) => {
        let tally = tallies.get(outcome);
        if (!tally) tallies.set(outcome, (tally = this.tallyOf(id, outcome)));
        tally.record(durationMs / 1000);
      });
    }
  }

  private tallyOf(upstream: string, outcome: Outcome): Tally {
    const { requests: counter, duration: histogram } = this;
    return new Tally({ counter, counted: { upstream, outcome }, histogram, timed: { upstream } });
  }
}

import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { RouteHistory } from './route-history.js';
import { Timeline } from './timeline.js';
import { COUNTS, TrafficHistory, type TrafficSample } from './traffic-history.js';
import { TrafficRecorder } from './traffic.recorder.js';

const OVERLOADED = COUNTS.indexOf('overloaded');
/** Milliseconds without a rejected call after which an overload is over. */
const QUIET = 10_000;

interface Overload {
  /** Monotonic milliseconds of the last sample with rejected calls. */
  at: number;
  rejected: number;
}

/** Keeps the samples of all processes, and notices when bulkheads begin to reject calls. */
@Injectable()
export class TrafficCollector implements OnModuleInit, OnApplicationShutdown {
  private readonly overloads = new Map<string, Overload>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(TrafficHistory) private readonly history: TrafficHistory,
    @Inject(RouteHistory) private readonly routes: RouteHistory,
    @Inject(Timeline) private readonly timeline: Timeline,
    @Inject(TrafficRecorder) private readonly recorder: TrafficRecorder,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.recorder.sampled.on((sample) => this.add(sample));
    this.upstreams.removed.on(({ id }) => {
      this.history.forget(id);
      this.overloads.delete(id);
    });
    this.timer = setInterval(() => this.endOverloads(), 1_000).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Takes a sample of any process. */
  add(sample: TrafficSample): void {
    // Requests may end after their upstream was removed.
    const upstreams = sample.upstreams.filter(({ upstream }) => this.upstreams.find(upstream));
    this.history.add({ ...sample, upstreams });
    this.routes.add(sample.second, sample.routes);
    for (const { upstream, counts } of upstreams) {
      const rejected = counts[OVERLOADED] ?? 0;
      if (rejected === 0) continue;
      const known = this.overloads.get(upstream);
      if (!known) this.timeline.add({ kind: 'overload', upstream, isOver: false, rejected });
      this.overloads.set(upstream, { at: this.clock.now(), rejected: rejected + (known?.rejected ?? 0) });
    }
  }

  private endOverloads(): void {
    const now = this.clock.now();
    for (const [upstream, { at, rejected }] of this.overloads) {
      if (now - at < QUIET) continue;
      this.overloads.delete(upstream);
      this.timeline.add({ kind: 'overload', upstream, isOver: true, rejected });
    }
  }
}

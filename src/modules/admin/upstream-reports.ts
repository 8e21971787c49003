import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import type {
  Percentiles,
  TrafficCounts,
  UpstreamOverview,
  UpstreamReport,
  UpstreamStatus,
  UpstreamTimeline,
} from '../timeline/shapes.js';
import { Timeline } from '../timeline/timeline.js';
import { KEPT_SECONDS, TrafficHistory } from '../timeline/traffic-history.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';
import { oneOf } from './one-of.js';

/** Seconds. */
const LATELY = 10;

/** What all processes know of the upstreams, and what their callers get. */
@Injectable()
export class UpstreamReports {
  constructor(
    @Inject(GATEWAY_VIEW) private readonly view: GatewayView,
    @Inject(TrafficHistory) private readonly traffic: TrafficHistory,
    @Inject(Timeline) private readonly timeline: Timeline,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async all(): Promise<readonly UpstreamReport[]> {
    return (await this.view.upstreams()).map((upstream) => this.reportOf(upstream));
  }

  /** @throws ProblemError `unknown_name` */
  async find(id: string): Promise<UpstreamReport> {
    const upstreams = await this.view.upstreams();
    return this.reportOf(oneOf('upstream', id, new Map(upstreams.map((each) => [each.id, each]))));
  }

  /**
   * @param seconds of the rates, at most 900
   * @throws ProblemError `unknown_name`
   */
  async timelineOf(id: string, seconds = KEPT_SECONDS): Promise<UpstreamTimeline> {
    const upstream = await this.find(id);
    const rates = this.traffic.rates(id, this.second, Math.min(seconds, KEPT_SECONDS));
    return { upstream, events: this.timeline.of(id), rates };
  }

  private reportOf(upstream: UpstreamOverview): UpstreamReport {
    const { id, breaker } = upstream;
    const callers = this.traffic.sums(id, this.second, LATELY);
    return {
      ...upstream,
      status: statusOf(upstream, callers),
      callers,
      sinceTransition:
        breaker.since && breaker.state !== 'closed' ? this.since(id, breaker.since) : undefined,
    };
  }

  private since(id: string, since: Date): TrafficCounts {
    const seconds = this.second - Math.floor(since.getTime() / 1_000);
    const { p50: _p50, p95: _p95, p99: _p99, ...counts } = this.traffic.sums(id, this.second, seconds);
    return counts;
  }

  private get second(): number {
    return Math.floor(this.clock.wall() / 1_000);
  }
}

function statusOf(
  { breaker, targets }: UpstreamOverview,
  callers: TrafficCounts & Percentiles,
): UpstreamStatus {
  const isEnforced = breaker.mode === 'enforce';
  const available = targets.filter(({ state }) => state === 'available').length;
  if ((isEnforced && breaker.state === 'open') || available === 0) return 'down';
  const isTroubled = breaker.state !== 'closed' || available < targets.length;
  return isTroubled || callers.errors + callers.overloaded > 0 ? 'degraded' : 'ok';
}

import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { AuthProviders } from '../auth/auth-providers.js';
import { CLOCK } from '../config/config.tokens.js';
import { RouteHistory } from '../timeline/route-history.js';
import type { Overview, TimelineEvent, TransitionEvent } from '../timeline/shapes.js';
import { Timeline } from '../timeline/timeline.js';
import { GatewayState } from './gateway-state.js';
import { UpstreamReports } from './upstream-reports.js';

const MAX_TRANSITIONS = 100;
/** Of each order, and the seconds that they cover. */
const TOP_ROUTES = 10;
const LATELY = 60;
/** Milliseconds for which an overview is not read again, so that many readers cost no more than one. */
const LIFE = 250;

/** What is wrong, since when, why, what callers get, and what happens next. */
@Injectable()
export class OverviewService {
  private last: Promise<Overview> | undefined;
  private readAt = 0;

  constructor(
    @Inject(UpstreamReports) private readonly reports: UpstreamReports,
    @Inject(Timeline) private readonly timeline: Timeline,
    @Inject(RouteHistory) private readonly routes: RouteHistory,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(GatewayState) private readonly gateway: GatewayState,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns the answer of `GET /admin/overview`, which may be a quarter of a second old */
  read(): Promise<Overview> {
    const now = this.clock.now();
    if (!this.last || now - this.readAt >= LIFE) {
      this.readAt = now;
      this.last = this.make();
    }
    return this.last;
  }

  private async make(): Promise<Overview> {
    const upstreams = await this.reports.all();
    return {
      at: new Date(this.clock.wall()),
      lastEventId: this.timeline.lastId,
      gateway: this.gateway.read(),
      upstreams,
      topRoutes: this.topRoutes(),
      codeRoutes: this.gateway.codeRoutes,
      providers: this.providers.remote,
      timeline: this.timeline.latest(isTransition, MAX_TRANSITIONS),
    };
  }

  private topRoutes(): Overview['topRoutes'] {
    const second = Math.floor(this.clock.wall() / 1_000);
    return this.routes.top(second, LATELY, ['errors', 'requests'], TOP_ROUTES);
  }
}

function isTransition(event: TimelineEvent): event is TransitionEvent {
  return event.kind === 'transition';
}

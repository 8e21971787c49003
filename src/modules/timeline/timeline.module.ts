import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import type { ProcessRole } from '../config/config.tokens.js';
import { HealthModule } from '../health/health.module.js';
import { RoutingModule } from '../routing/routing.module.js';
import { OverloadObserver } from './overload.observer.js';
import { RouteHistory } from './route-history.js';
import { ServerModule } from '../server/server.module.js';
import { Timeline } from './timeline.js';
import { TimelineObserver } from './timeline.observer.js';
import { TrafficHistory } from './traffic-history.js';
import { TrafficCollector } from './traffic.collector.js';
import { TrafficRecorder } from './traffic.recorder.js';

const KEPT = [Timeline, TimelineObserver, TrafficHistory, RouteHistory, TrafficCollector, OverloadObserver];

/** What the management port shows of the past. A worker only counts its requests, and tells the primary. */
@Module({})
export class TimelineModule {
  static register(role: ProcessRole): DynamicModule {
    const providers = role === 'worker' ? [TrafficRecorder] : [TrafficRecorder, ...KEPT];
    return {
      module: TimelineModule,
      imports: [AuthModule, RoutingModule, HealthModule, ServerModule],
      providers,
      exports: providers,
    };
  }
}

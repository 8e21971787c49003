import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Connections } from '../server/connections.js';
import { Overload } from '../server/overload/overload.service.js';
import { Metrics } from './metrics.js';

/** Counts what the server refuses: connections, and requests while it is overloaded. */
@Injectable()
export class ServerMetrics implements OnModuleInit {
  constructor(
    @Inject(Connections) private readonly connections: Connections,
    @Inject(Overload) private readonly overload: Overload,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const connectionsRefused = this.metrics.counter('breakwater_connections_refused_total');
    this.connections.refused.on(({ reason }) => connectionsRefused.inc({ reason }));
    const rejections = this.metrics.counter('breakwater_overload_rejections_total');
    this.overload.rejected.on(({ reason, priority }) => rejections.inc({ reason, priority }));
  }
}

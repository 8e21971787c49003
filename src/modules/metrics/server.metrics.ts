import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Connections } from '../server/connections.js';
import { Metrics } from './metrics.js';

/** Counts what the server refuses before a request gets its record. */
@Injectable()
export class ServerMetrics implements OnModuleInit {
  constructor(
    @Inject(Connections) private readonly connections: Connections,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const connectionsRefused = this.metrics.counter('breakwater_connections_refused_total');
    this.connections.refused.on(({ reason }) => connectionsRefused.inc({ reason }));
  }
}

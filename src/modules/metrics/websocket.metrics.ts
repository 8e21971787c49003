import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { OpenTunnels } from '../websocket/open-tunnels.js';

/** Counts how WebSockets end. */
@Injectable()
export class WebSocketMetrics implements OnModuleInit {
  constructor(
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
    @InjectMetric('breakwater_websocket_closed_total') private readonly closed: Counter,
  ) {}

  onModuleInit(): void {
    this.tunnels.closed.on(({ route, reason }) => this.closed.inc({ route, reason }));
  }
}

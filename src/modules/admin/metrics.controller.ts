import { Controller, Get, Headers, Inject, type StreamableFile } from '@nestjs/common';
import { Registry } from 'prom-client';
import { prefersOpenMetrics } from '../metrics/open-metrics.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';
import { inTurns } from './in-turns.js';

/** Serves the metrics of all processes. The controller of nestjs-prometheus knows its own process only. */
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(GATEWAY_VIEW) private readonly view: GatewayView) {}

  @Get()
  metrics(@Headers('accept') accept: string | undefined): StreamableFile {
    const isOpen = prefersOpenMetrics(accept);
    const { OPENMETRICS_CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE } = Registry;
    return inTurns(this.view.metrics(isOpen), isOpen ? OPENMETRICS_CONTENT_TYPE : PROMETHEUS_CONTENT_TYPE);
  }
}

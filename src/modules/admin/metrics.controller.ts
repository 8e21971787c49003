import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Registry } from 'prom-client';
import { prefersOpenMetrics } from '../metrics/open-metrics.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';

/** Serves the metrics of all processes. The controller of nestjs-prometheus knows its own process only. */
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(GATEWAY_VIEW) private readonly view: GatewayView) {}

  @Get()
  metrics(
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) res: Response,
  ): Promise<string> {
    const isOpen = prefersOpenMetrics(accept);
    const { OPENMETRICS_CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE } = Registry;
    res.header('Content-Type', isOpen ? OPENMETRICS_CONTENT_TYPE : PROMETHEUS_CONTENT_TYPE);
    return this.view.metrics(isOpen);
  }
}

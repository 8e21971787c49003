import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { metricsText, prefersOpenMetrics } from '../metrics/metrics-text.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';

/** Serves the metrics of all processes. The controller of nestjs-prometheus knows its own process only. */
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(GATEWAY_VIEW) private readonly view: GatewayView) {}

  @Get()
  async metrics(
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) res: Response,
  ): Promise<string> {
    const { text, contentType } = await metricsText(await this.view.metrics(), prefersOpenMetrics(accept));
    res.header('Content-Type', contentType);
    return text;
  }
}

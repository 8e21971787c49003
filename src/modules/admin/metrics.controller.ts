import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { register } from 'prom-client';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';

/** Serves the metrics of all processes. The controller of nestjs-prometheus knows its own process only. */
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(GATEWAY_VIEW) private readonly view: GatewayView) {}

  @Get()
  metrics(@Res({ passthrough: true }) res: Response): Promise<string> {
    res.header('Content-Type', register.contentType);
    return this.view.metrics();
  }
}

import { Controller, Get, Header, Inject, UseGuards } from '@nestjs/common';
import type { RateLimitOverview } from '../rate-limit/rate-limits.service.js';
import { AdminGuard } from './admin.guard.js';
import { GATEWAY_VIEW, type GatewayView } from './gateway-view.js';

/** Lists the rate limits with the number of their keys and rejections. */
@Controller('admin/rate-limits')
@UseGuards(AdminGuard)
export class RateLimitsController {
  constructor(@Inject(GATEWAY_VIEW) private readonly view: GatewayView) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  all(): Promise<readonly RateLimitOverview[]> {
    return this.view.rateLimits();
  }
}

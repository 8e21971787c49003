import { Module } from '@nestjs/common';
import { ClientRateLimitGuard, UserRateLimitGuard } from './rate-limit.guard.js';
import { RateLimits } from './rate-limits.service.js';

@Module({
  providers: [RateLimits, ClientRateLimitGuard, UserRateLimitGuard],
  exports: [RateLimits, ClientRateLimitGuard, UserRateLimitGuard],
})
export class RateLimitModule {}

import { Module } from '@nestjs/common';
import { ConcurrencyLimits } from './concurrency-limits.service.js';
import { ClientLimitsGuard, UserLimitsGuard } from './rate-limit.guard.js';
import { RateLimits } from './rate-limits.service.js';

@Module({
  providers: [RateLimits, ConcurrencyLimits, ClientLimitsGuard, UserLimitsGuard],
  exports: [RateLimits, ConcurrencyLimits, ClientLimitsGuard, UserLimitsGuard],
})
export class RateLimitModule {}

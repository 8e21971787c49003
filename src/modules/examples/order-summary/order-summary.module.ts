import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { MetricsModule } from '../../metrics/metrics.module.js';
import { UpstreamModule } from '../../upstream/upstream.module.js';
import { OrderSummaryController } from './order-summary.controller.js';

/** The worked example of upstreams used from code. The configuration must have the upstreams `users` and `orders`. */
@Module({
  imports: [
    AuthModule,
    MetricsModule,
    UpstreamModule.forFeature('users'),
    UpstreamModule.forFeature('orders'),
  ],
  controllers: [OrderSummaryController],
})
export class OrderSummaryModule {}

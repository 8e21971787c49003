import { Module } from '@nestjs/common';
import { UpstreamModule } from '../../upstream/upstream.module.js';
import { OrderSummaryController } from './order-summary.controller.js';

/** The worked example of upstreams used from code. The configuration must have the upstreams `users` and `orders`. */
@Module({
  imports: [UpstreamModule.forFeature('users'), UpstreamModule.forFeature('orders')],
  controllers: [OrderSummaryController],
})
export class OrderSummaryModule {}

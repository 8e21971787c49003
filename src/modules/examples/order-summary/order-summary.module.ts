import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { OrderSummaryController } from './order-summary.controller.js';

/** The worked example of upstreams used from code. Needs the upstreams `users` and `orders`. */
@Module({ imports: [AuthModule], controllers: [OrderSummaryController] })
export class OrderSummaryModule {}

import { Module } from '@nestjs/common';
import { ExchangeMiddleware } from './exchange.middleware.js';
import { RouteGuard } from './route.guard.js';

@Module({ providers: [ExchangeMiddleware, RouteGuard], exports: [ExchangeMiddleware, RouteGuard] })
export class RoutingModule {}

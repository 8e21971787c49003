import { Module } from '@nestjs/common';
import { ExchangeMiddleware } from './exchange.middleware.js';
import { RouteGuard } from './route.guard.js';

const SHARED = [ExchangeMiddleware, RouteGuard];

@Module({ providers: SHARED, exports: SHARED })
export class RoutingModule {}

import { Module } from '@nestjs/common';
import { AuthEvents } from './auth-events.js';
import { ExchangeMiddleware } from './exchange.middleware.js';
import { RouteGuard } from './route.guard.js';

const SHARED = [ExchangeMiddleware, RouteGuard, AuthEvents];

@Module({ providers: SHARED, exports: SHARED })
export class RoutingModule {}

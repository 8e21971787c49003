import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { Request } from 'express';
import { JwtAuthGuard } from '../../auth/jwt-auth.guard.js';
import { CodeCacheInterceptor } from '../../cache/code-cache.interceptor.js';
import type { CodeRouteOptions } from '../../config/code-route.js';
import { limitHandler } from '../../rate-limit/rate-limit.decorator.js';
import { CodeRouteGuard, CodeRouteMetadata, compileCodeRoute } from '../../routing/code-route.js';
import { type Exchange, exchangeOf } from '../../routing/exchange.js';
import { CodeFaultInterceptor } from './code-fault.interceptor.js';
import { CodeStagesGuard } from './code-stages.guard.js';

/**
 * Makes a handler a route of the gateway, with the options that routes of the configuration have. The application does
 * not start with invalid options: it lists them with the name of the handler. As with a route, a credential is required as
 * soon as a provider is configured, unless `auth` is `none`.
 */
export function GatewayRoute(options: CodeRouteOptions = {}): MethodDecorator {
  const route = compileCodeRoute(options);
  const { rateLimit, fault } = route.config ?? {};
  return applyDecorators(
    CodeRouteMetadata(route),
    UseGuards(CodeRouteGuard, JwtAuthGuard),
    ...(rateLimit === undefined ? [] : [limitHandler(rateLimit)]),
    UseGuards(CodeStagesGuard),
    ...(options.cache === undefined ? [] : [UseInterceptors(CodeCacheInterceptor)]),
    ...(fault === undefined ? [] : [UseInterceptors(CodeFaultInterceptor)]),
  );
}

/** Injects the record of the request: its id, client address, identity, and the signal that aborts when the client is gone. */
export const CurrentExchange = createParamDecorator(
  (_: unknown, context: ExecutionContext): Exchange | undefined =>
    exchangeOf(context.switchToHttp().getRequest<Request>()),
);

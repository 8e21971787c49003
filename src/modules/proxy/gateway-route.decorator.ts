import { applyDecorators, UseGuards, UseInterceptors } from '@nestjs/common';
import { ByRoute } from '../auth/auth-policy.js';
import { JwtAuthGuard } from '../auth/jwt-auth.guard.js';
import { CacheInterceptor } from '../cache/cache.interceptor.js';
import { ClientLimitsGuard, UserLimitsGuard } from '../rate-limit/rate-limit.guard.js';
import { RouteGuard } from '../routing/route.guard.js';
import { PluginGuard } from './plugin.guard.js';

/** The stages of a gateway route, in the order they run. */
export const ForwardedRoute = (): MethodDecorator & ClassDecorator =>
  applyDecorators(ByRoute(true), UseGuards(RouteGuard, JwtAuthGuard));

/** The same for a route with a cache. */
export const CachedForwardedRoute = (): MethodDecorator & ClassDecorator =>
  applyDecorators(ForwardedRoute(), UseInterceptors(CacheInterceptor));

/**
 * The same for a route with limits on its clients, or with plugins. Limits of addresses come first, so that whatever is
 * refused later counts. Plugins see a request once its caller is known and within the limits.
 */
export const LimitedForwardedRoute = (): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ByRoute(true),
    UseGuards(ClientLimitsGuard, RouteGuard, JwtAuthGuard, UserLimitsGuard, PluginGuard),
  );

/** The same with a cache. */
export const LimitedCachedForwardedRoute = (): MethodDecorator & ClassDecorator =>
  applyDecorators(LimitedForwardedRoute(), UseInterceptors(CacheInterceptor));

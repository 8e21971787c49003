import { applyDecorators, createParamDecorator, type ExecutionContext, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { exchangeOf } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';
import { IsPublic, RequiredScopes } from './auth-metadata.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';

/** Excepts a handler, or a controller, from its `JwtAuthGuard`. */
export const Public = (): ClassDecorator & MethodDecorator => IsPublic(true);

/** Requires a token with all of these scopes; brings the guard along. The module must import `AuthModule`. */
export const Scopes = (...scopes: string[]): ClassDecorator & MethodDecorator =>
  applyDecorators(RequiredScopes(scopes), UseGuards(JwtAuthGuard));

/** Who calls; `undefined` where nobody had to say. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): Identity | undefined =>
    exchangeOf(context.switchToHttp().getRequest<Request>())?.identity,
);

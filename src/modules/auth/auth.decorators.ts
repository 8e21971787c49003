import { applyDecorators, createParamDecorator, type ExecutionContext, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { exchangeOf } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';
import { IsPublic, RequiredScopes } from './auth-policy.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';

/** Lets anybody call a handler, or a controller, that `JwtAuthGuard` protects. */
export const Public = (): ClassDecorator & MethodDecorator => IsPublic(true);

/** Requires a token with all of these scopes, and applies the guard. */
export const Scopes = (...scopes: string[]): ClassDecorator & MethodDecorator =>
  applyDecorators(RequiredScopes(scopes), UseGuards(JwtAuthGuard));

/** Injects the identity of the caller; `undefined` for an anonymous one. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): Identity | undefined =>
    exchangeOf(context.switchToHttp().getRequest<Request>())?.identity,
);

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { type Exchange, exchangeOf } from '../routing/exchange.js';
import { RateLimits } from './rate-limits.service.js';

/**
 * Counts a request against the limits that do not need its user, before anything else can refuse it: so requests with wrong
 * tokens and to unknown paths count as well.
 */
@Injectable()
export class ClientRateLimitGuard implements CanActivate {
  constructor(@Inject(RateLimits) private readonly limits: RateLimits) {}

  /** @throws ProblemError `rate_limited` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const exchange = exchangeIn(context);
    return !exchange || after(this.limits.beforeAuth(exchange));
  }
}

/** Counts a request against the limits of its user, once that is known. */
@Injectable()
export class UserRateLimitGuard implements CanActivate {
  constructor(@Inject(RateLimits) private readonly limits: RateLimits) {}

  /** @throws ProblemError `rate_limited` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const exchange = exchangeIn(context);
    return !exchange || after(this.limits.afterAuth(exchange));
  }
}

function exchangeIn(context: ExecutionContext): Exchange | undefined {
  return exchangeOf(context.switchToHttp().getRequest<Request>());
}

/** In memory nothing waits, and a promise for each request would cost more than the count. */
function after(counted: void | Promise<void>): boolean | Promise<boolean> {
  return counted ? counted.then(() => true) : true;
}

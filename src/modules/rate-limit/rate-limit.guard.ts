import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { type Exchange, exchangeOf } from '../routing/exchange.js';
import { ConcurrencyLimits } from './concurrency-limits.service.js';
import { RateLimits } from './rate-limits.service.js';

/**
 * Applies the limits that do not need the user of a request, before anything else can refuse it: so requests with wrong
 * tokens and to unknown paths count as well.
 */
@Injectable()
export class ClientLimitsGuard implements CanActivate {
  constructor(
    @Inject(RateLimits) private readonly rates: RateLimits,
    @Inject(ConcurrencyLimits) private readonly concurrency: ConcurrencyLimits,
  ) {}

  /** @throws ProblemError `rate_limited` or `too_many_concurrent` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const exchange = exchangeIn(context);
    if (!exchange) return true;
    return whenCounted(this.rates.beforeAuth(exchange), () => {
      this.concurrency.enterAddress(exchange);
      return true;
    });
  }
}

/** Applies the limits of the user of a request, once that is known. */
@Injectable()
export class UserLimitsGuard implements CanActivate {
  constructor(
    @Inject(RateLimits) private readonly rates: RateLimits,
    @Inject(ConcurrencyLimits) private readonly concurrency: ConcurrencyLimits,
  ) {}

  /** @throws ProblemError `rate_limited` or `too_many_concurrent` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const exchange = exchangeIn(context);
    if (!exchange) return true;
    return whenCounted(this.rates.afterAuth(exchange), () => {
      const { id: name, limits } = exchange.route?.config ?? {};
      this.concurrency.enterUser(exchange, { limit: limits?.requestsPerUser, name });
      return true;
    });
  }
}

/** `switchToHttp` makes three functions for each request, which cost more than the count. */
function exchangeIn(context: ExecutionContext): Exchange | undefined {
  return exchangeOf(context.getArgByIndex<Request>(0));
}

/** In memory nothing waits, and a promise for each request would cost more than the count. */
export function whenCounted(
  counted: void | Promise<void>,
  enter: () => boolean | Promise<boolean>,
): boolean | Promise<boolean> {
  return counted ? counted.then(enter) : enter();
}

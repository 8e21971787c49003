import { type CanActivate, type ExecutionContext, Inject, Injectable, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { CodeRouteMetadata } from '../routing/code-route.js';
import { type Exchange, exchangeOf } from '../routing/exchange.js';
import type { Stage } from './limit-rules.js';
import { RateLimits } from './rate-limits.service.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** Counts a request against the limits of its handler, once its user is known. No reload changes them. */
@Injectable()
export class CodeRateLimitGuard implements CanActivate {
  private readonly reflector = new Reflector();
  private readonly stages = new WeakMap<Handler, Stage>();

  constructor(@Inject(RateLimits) private readonly limits: RateLimits) {}

  /** @throws ProblemError `rate_limited` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const exchange = exchangeOf(context.switchToHttp().getRequest<Request>());
    if (!exchange) return true;
    const counted = this.limits.count(exchange, this.stageOf(context.getClass(), context.getHandler()));
    if (counted) return counted.then(() => tell(exchange));
    return tell(exchange);
  }

  private stageOf(controller: Type, handler: Handler): Stage {
    let stage = this.stages.get(handler);
    if (!stage) {
      const { config } = this.reflector.get(CodeRouteMetadata, handler);
      stage = this.limits.ofHandler(`${controller.name}.${handler.name}`, config?.rateLimit ?? []);
      this.stages.set(handler, stage);
    }
    return stage;
  }
}

/** Answers of handlers do not pass the reply writer. */
function tell({ res, rateLimit }: Exchange): true {
  if (rateLimit?.policy) res.setHeader('RateLimit-Policy', rateLimit.policy);
  if (rateLimit?.state) res.setHeader('RateLimit', rateLimit.state);
  return true;
}

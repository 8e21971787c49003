import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { RateLimitConfig } from '../config/gateway-config.js';
import { rateLimitSchema } from '../config/schema/rate-limit.js';
import { exchangeOf } from '../routing/exchange.js';
import type { RateLimitReport } from '../routing/rate-limit-report.js';
import type { Stage } from './limit-rules.js';
import { whenCounted } from './rate-limit.guard.js';
import { RateLimits } from './rate-limits.service.js';

const schema = rateLimitSchema('user');

/** The same options as `rateLimit` of a route in the configuration: `{ requests: 100, per: '1m', key: 'ip' }`. */
export type RateLimitOptions = z.input<typeof schema>;

/**
 * Limits the rate of requests to a handler, or to all handlers of a controller together. Decorators apply from the last to
 * the first, so a limit of users stands above `@Scopes`. The module must import `RateLimitModule`.
 *
 * @throws TypeError when an option is invalid
 */
export function RateLimit(...limits: readonly RateLimitOptions[]): ClassDecorator & MethodDecorator {
  const configs = limits.map((limit) => {
    const parsed = schema.safeParse(limit);
    if (parsed.success) return parsed.data;
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new TypeError(`@RateLimit: ${problems.join('; ')}`);
  });
  const ofController = UseGuards(
    guardOf(configs, (context) => [context.getClass(), context.getClass().name]),
  );
  const ofHandler = limitHandler(configs);
  return (...target: [target: object, key?: string | symbol, descriptor?: object]) =>
    // Both take what Nest's own decorators take.
    void (target[2] ? ofHandler : ofController)(...(target as Parameters<MethodDecorator>));
}

/** Exempts a controller from `server.rateLimit` and `server.limits`. */
export const Unlimited = Reflector.createDecorator<true>();

/** @param configs parsed limits of the handler */
export function limitHandler(configs: readonly RateLimitConfig[]): ReturnType<typeof UseGuards> {
  return UseGuards(
    guardOf(configs, (context) => {
      const handler = context.getHandler();
      return [handler, `${context.getClass().name}.${handler.name}`];
    }),
  );
}

/** A controller or a handler, with the name of its limits. */
type Place = readonly [place: Type | ReturnType<ExecutionContext['getHandler']>, name: string];

function guardOf(
  configs: readonly RateLimitConfig[],
  placeOf: (context: ExecutionContext) => Place,
): Type<CanActivate> {
  @Injectable()
  class CodeRateLimitGuard implements CanActivate {
    private readonly stages = new WeakMap<Place[0], Stage>();

    constructor(@Inject(RateLimits) private readonly rates: RateLimits) {}

    /** @throws ProblemError `rate_limited` */
    canActivate(context: ExecutionContext): boolean | Promise<boolean> {
      const http = context.switchToHttp();
      const exchange = exchangeOf(http.getRequest<Request>());
      if (!exchange) return true;
      const [place, name] = placeOf(context);
      let stage = this.stages.get(place);
      if (!stage) this.stages.set(place, (stage = this.rates.ofHandler(name, configs)));
      return whenCounted(this.rates.count(exchange, stage), () =>
        tellClient(http.getResponse<Response>(), exchange.rateLimit),
      );
    }
  }
  return CodeRateLimitGuard;
}

/** Sets the headers of the limits. A refusal has them from the writer of problems. */
export function tellClient(res: Response, report: RateLimitReport | undefined): true {
  if (report && report.policy !== '')
    res.setHeader('RateLimit-Policy', report.policy).setHeader('RateLimit', report.state);
  return true;
}

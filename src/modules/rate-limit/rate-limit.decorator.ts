import {
  applyDecorators,
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
import { pushRateLimit, type RateLimitReport } from '../routing/rate-limit-report.js';
import type { Stage } from './limit-rules.js';
import { RateLimits } from './rate-limits.service.js';

const schema = rateLimitSchema('user');

/** The same options as `rateLimit` of a route in the configuration: `{ requests: 100, per: '1m', key: 'ip' }`. */
export type RateLimitOptions = z.input<typeof schema>;

const Limits = Reflector.createDecorator<readonly RateLimitConfig[]>();

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
  const ofController = applyDecorators(Limits(configs), UseGuards(ControllerRateLimitGuard));
  const ofHandler = limitHandler(configs);
  return (...target: [target: object, key?: string | symbol, descriptor?: object]) =>
    // Both take what Nest's own decorators take.
    (target[2] ? ofHandler : ofController)(...(target as Parameters<MethodDecorator>));
}

/** Exempts a controller from `server.rateLimit` and `server.limits`. */
export const Unlimited = Reflector.createDecorator<true>();

/** @param configs parsed limits of the handler */
export function limitHandler(configs: readonly RateLimitConfig[]): ReturnType<typeof applyDecorators> {
  return applyDecorators(Limits(configs), UseGuards(HandlerRateLimitGuard));
}

/** A controller or a handler, with the name of its limits. */
type Place = readonly [place: Type | ReturnType<ExecutionContext['getHandler']>, name: string];

abstract class CodeRateLimitGuard implements CanActivate {
  private readonly reflector = new Reflector();
  private readonly stages = new WeakMap<Place[0], Stage>();

  constructor(private readonly rates: RateLimits) {}

  /** @throws ProblemError `rate_limited` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const exchange = exchangeOf(http.getRequest<Request>());
    if (!exchange) return true;
    const counted = this.rates.count(exchange, this.stageOf(...this.placeOf(context)));
    const tell = () => tellClient(http.getResponse<Response>(), exchange.rateLimit);
    return counted ? counted.then(tell) : tell();
  }

  protected abstract placeOf(context: ExecutionContext): Place;

  private stageOf(...[place, name]: Place): Stage {
    let stage = this.stages.get(place);
    if (!stage) {
      stage = this.rates.ofHandler(name, this.reflector.get(Limits, place) ?? []);
      this.stages.set(place, stage);
    }
    return stage;
  }
}

@Injectable()
class ControllerRateLimitGuard extends CodeRateLimitGuard {
  constructor(@Inject(RateLimits) rates: RateLimits) {
    super(rates);
  }

  protected override placeOf(context: ExecutionContext): Place {
    const controller = context.getClass();
    return [controller, controller.name];
  }
}

@Injectable()
class HandlerRateLimitGuard extends CodeRateLimitGuard {
  constructor(@Inject(RateLimits) rates: RateLimits) {
    super(rates);
  }

  protected override placeOf(context: ExecutionContext): Place {
    const handler = context.getHandler();
    return [handler, `${context.getClass().name}.${handler.name}`];
  }
}

/** Sets the headers of the limits. A refusal has them from the writer of problems. */
export function tellClient(res: Response, report: RateLimitReport | undefined): true {
  const headers: string[] = [];
  if (report) pushRateLimit(headers, report);
  for (let i = 0; i < headers.length; i += 2) res.setHeader(headers[i] ?? '', headers[i + 1] ?? '');
  return true;
}
